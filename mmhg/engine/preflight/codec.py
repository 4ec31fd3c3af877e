"""Encode annotations and decode them again: how far does that move a joint?

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmpose.datasets.transforms import GenerateTarget
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.structures import PoseDataSample
from torch import Tensor

from mmhg.engine.preflight.samples import pipelines
from mmhg.errors import InputError
from mmhg.evaluation.person_metric import annotated_keypoints, to_numpy
from mmhg.utils.progress import with_progress

Encoded = dict[str, Any]

_BATCH = 32

_BORDER = 1 / 16, 2.0
"""Share of the crop's side, and at least so many pixels, within which no codec is blamed: there
MMPose's move joints by up to 1.1 (UDP), 1.7 (Megvii) and more (SimCC with DARK) by themselves."""


@dataclass(frozen=True)
class RoundTrip:
    """How far encoding and decoding moved the joints, in heatmap px along an axis.

    Args:
        joints: Number of annotated joints in the crop.
        mean: Mean over them.
        largest: Of the joint that moved most.
        far: Number of joints near the crop's border that moved by more than 1.
        outside: Number of annotated joints outside of the crop, which are not among `joints`.
        people_outside: Number of people who have such joints.
    """

    joints: int
    mean: float
    largest: float
    far: int
    outside: int
    people_outside: int


def why_not(model: Any, train_dataset: Any) -> str | None:
    """Tell why a model's codec cannot be checked, None if it can."""
    decoder = getattr(getattr(model, "head", None), "decoder", None)
    if not isinstance(model, TopdownPoseEstimator):
        return f"{type(model).__name__} is no top-down estimator"
    if decoder is None:
        return "the head has no decoder"
    if model.test_cfg and model.test_cfg.get("output_keypoint_indices") is not None:
        return "the model gives some of the keypoints only"
    if _outputs_of(decoder) is None:
        return f"{type(decoder).__name__} decodes something else than it encodes"
    encoder = find_encoder(train_dataset, decoder)
    if encoder is None:
        return f"the training pipeline has no encoder of one kind with {type(decoder).__name__}"
    if encoder.auxiliary_encode_keys:
        return f"{type(encoder).__name__} encodes more than keypoints"
    return None


def find_encoder(train_dataset: Any, decoder: Any) -> Any:
    """Find the codec of the targets that the head's `decoder` reads, None if there is none.

    Of several encoders the last that has the decoder's type. A single one must give what the
    decoder reads; its type and settings may differ, which the round trip shows.
    """
    steps = [step for pipeline in pipelines(train_dataset) for step in pipeline.transforms]
    for step in steps:
        if isinstance(step, GenerateTarget):
            if isinstance(step.encoder, list):
                alike = [one for one in step.encoder if type(one) is type(decoder)]
                return alike[-1] if alike else None
            return step.encoder
    return None


def round_trip(
    model: TopdownPoseEstimator,
    encoder: Any,
    samples: Sequence[PoseDataSample],
    joint_names: Sequence[str],
) -> RoundTrip:
    """Set each sample's `pred_instances` to its annotation, encoded and decoded as in training.

    Args:
        model: Its head decodes.
        encoder: The codec of the training pipeline.
        samples: As `mmhg.engine.preflight.samples.annotated_samples` makes them; joints outside of
            the crop are predicted where they are, since no codec is to blame for them.
        joint_names: The K joints' names, for errors.

    Raises:
        InputError: A joint in the crop, not near its border, moves by more than a heatmap pixel
            along an axis (an input pixel for codecs without heatmaps); or crop, encoder and decoder
            are of several sizes.
    """
    decoder = model.head.decoder
    outputs = _outputs_of(decoder)
    assert outputs is not None
    compared: list[np.ndarray] = []
    starts = range(0, len(samples), _BATCH)
    for start in with_progress(starts, len(starts), "preflight: codec (batches)", delay=1.0):
        batch = list(samples[start : start + _BATCH])
        encoded = [_encode(encoder, sample) for sample in batch]
        try:
            with np.errstate(invalid="ignore", divide="ignore"):  # heatmaps without a joint
                instances = model.head.decode(outputs(encoded))
        except KeyError as error:
            raise InputError(
                f"{type(encoder).__name__}, which encodes, gives no {error}, which "
                f"{type(decoder).__name__} decodes. {_ADVICE}"
            ) from error
        model.add_pred_to_datasample(instances, None, batch)
        compared += [_compare(sample, decoder) for sample in batch]
    off, depth = np.array(compared).transpose(1, 0, 2)
    outside = depth < 0
    off[outside] = np.nan
    blamed = np.where(depth >= 1, off, np.nan)
    if (blamed > 1).any():
        raise _wrong_codec(blamed, samples, joint_names, encoder, decoder)
    _check_sizes(encoder, decoder, samples[0])
    known = off[~np.isnan(off)]
    return RoundTrip(
        joints=known.size,
        mean=float(known.mean()) if known.size else 0.0,
        largest=float(known.max()) if known.size else 0.0,
        far=int((known > 1).sum()),
        outside=int(outside.sum()),
        people_outside=int(outside.any(axis=1).sum()),
    )


_ADVICE = (
    "Set GenerateTarget.encoder in the training pipeline and model.head.decoder alike, and the "
    "crop's input_size and use_udp to theirs"
)


def unit(decoder: Any) -> str:
    """Name the pixels that moves are measured in: of the heatmap, or of the input without one."""
    return "heatmap" if hasattr(decoder, "heatmap_size") else "input"


def _encode(encoder: Any, sample: PoseDataSample) -> Encoded:
    points = np.asarray(sample.gt_instances.transformed_keypoints)[..., :2]
    flags = annotated_keypoints({"gt_instances": sample.gt_instances})
    encoded: Encoded = encoder.encode(points, flags[None].astype(np.float32))
    return encoded


def _outputs_of(decoder: Any) -> Callable[[Sequence[Encoded]], Any] | None:
    """Return the function that makes what the head decodes of encoded samples; None if unknown."""

    def stack(encoded: Sequence[Encoded], name: str) -> Tensor:
        return torch.from_numpy(np.stack([np.asarray(one[name]) for one in encoded]))

    labels = decoder.label_mapping_table
    if "keypoint_x_labels" in labels:
        return lambda encoded: (
            stack(encoded, "keypoint_x_labels")[:, 0],
            stack(encoded, "keypoint_y_labels")[:, 0],
        )
    if "keypoint_labels" in labels:
        return lambda encoded: stack(encoded, "keypoint_labels")
    if "heatmaps" in decoder.field_mapping_table:
        return lambda encoded: stack(encoded, "heatmaps")
    return None


def _compare(sample: PoseDataSample, decoder: Any) -> np.ndarray:
    """Measure a person's joints, and predict those outside of the crop where they are.

    Returns:
        (2, K), NaN where not annotated: how far the decoded joint is off, in heatmap px along an
        axis; and how far inside of the crop it is, in widths of the border where no codec is
        blamed, negative outside. The crop ends at the middles of its outer pixels.
    """
    truth = np.asarray(sample.gt_instances.keypoints)[0, :, :2]
    inner = np.asarray(sample.gt_instances.transformed_keypoints)[0, :, :2]
    size, scale = np.asarray(sample.input_size), np.asarray(sample.input_scale)
    cells = np.asarray(getattr(decoder, "heatmap_size", None) or size)
    share, least = _BORDER
    border = np.maximum(size * share, size / cells * least)
    depth = (np.minimum(inner, size - 1 - inner) / border).min(axis=1)
    predicted = np.asarray(to_numpy(sample.pred_instances.keypoints))
    off = (np.abs(predicted[0, :, :2] - truth) / scale * cells).max(axis=1)
    off = np.where(np.isnan(off), np.inf, off)
    predicted[0, depth < 0, :2] = truth[depth < 0]
    sample.pred_instances.keypoints = predicted
    annotated = annotated_keypoints({"gt_instances": sample.gt_instances})
    return np.where(annotated, (off, depth), np.nan)


def _wrong_codec(
    off: np.ndarray,
    samples: Sequence[PoseDataSample],
    joint_names: Sequence[str],
    encoder: Any,
    decoder: Any,
) -> InputError:
    """Make the error that names the joint, of distances (P, K), that moved most."""
    person, joint = map(int, np.unravel_index(np.nanargmax(off), off.shape))
    sample = samples[person]
    return InputError(
        f"encoding and decoding moves {(off > 1).sum()} of {(~np.isnan(off)).sum()} annotated "
        f"joints by more than a pixel of the {unit(decoder)}, most of all the "
        f"{joint_names[joint]} of {sample.img_path}, id {sample.id}: by {off[person, joint]:.1f}. "
        f"Encoded by {_describe(encoder)}, decoded by {_describe(decoder)}, crop "
        f"{tuple(sample.input_size)}. {_ADVICE}"
    )


def _check_sizes(encoder: Any, decoder: Any, sample: PoseDataSample) -> None:
    """Refuse a crop of another size than the codec's, where it moves no joint by itself."""
    crop = tuple(sample.input_size)
    for codec in (encoder, decoder):
        size = getattr(codec, "input_size", crop)
        if tuple(size) != crop:
            raise InputError(
                f"the validation pipeline crops people to {crop}, width and height in px, but "
                f"{_describe(codec)} is for an input of {tuple(size)}. {_ADVICE}"
            )


def _describe(codec: Any) -> str:
    settings = [
        f"{name}={tuple(value)}"
        for name in ("input_size", "heatmap_size")
        if (value := getattr(codec, name, None)) is not None
    ]
    return f"{type(codec).__name__}({', '.join(settings)})"
