"""Predict keypoints from images and boxes, with a config's own test pipeline.

Shape shorthand in this module: N people, K keypoints, S stacks, H x W px of the heatmaps.
Coordinates are px of the image, 0-based.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.structures import PoseDataSample

from mmhg.checkpoints.shipped import DEFAULT
from mmhg.config.catalog import get_config
from mmhg.datasets.reduction import note_of_samples
from mmhg.datasets.transforms.loading import ITS_PATH, LoadWholeImage, loader_of
from mmhg.errors import InputError
from mmhg.evaluation.person_metric import to_numpy
from mmhg.inference.boxes import as_boxes
from mmhg.inference.person_input import PersonInput
from mmhg.models.loading import load_model
from mmhg.nn import enable_fast_inference
from mmhg.refinement.predict import predict_each_stack

Image = str | Path | np.ndarray
"""A file, or an array: (height, width, 3) uint8 with channels blue, green, red, or of other
channels and numbers, which the config's `LoadWholeImage` converts as it does a file's."""

_HALF = {"cpu": torch.bfloat16, "cuda": torch.float16}


@dataclass(frozen=True, eq=False)
class Prediction:
    """People's keypoints. Unpacks as `keypoints, scores = prediction`.

    Attributes:
        keypoints: (N, K, 2) px; the people of the first image, then those of the second, ...
        scores: (N, K), as the codec gives them: usually the heatmaps' maxima.
        image_index: (N,) index of the image that each person is in.
        boxes: (N, 4) the people's boxes: left, top, right, bottom in px.
        heatmaps: (N, S, K, H, W) of every stack, after the flip test; None if not requested.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    image_index: np.ndarray
    boxes: np.ndarray
    heatmaps: np.ndarray | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.keypoints, self.scores))


class Predictor:
    """Find keypoints in images with a trained top-down network.

    People are cropped by the test pipeline of the config, so that keypoints are those of
    `mmpose.apis.inference_topdown` except for rounding. The network runs in its fast form
    (`mmhg.nn.FastHourglass`) where it has one; several threads may use it at once.

    Args:
        config: File, name of one of mmhg's configs, or loaded; it is not changed. The default is
            the network that comes with weights.
        checkpoint: Weights that belong to it; None takes the best of the config's work folder, else
            those that come with the config.
        device: `"cpu"`, `"cuda:1"`, ...; None takes a GPU if there is one.
        half: Compute in bfloat16 on the CPU, float16 on a GPU: faster where the processor has it,
            and keypoints move by a fraction of a pixel.
        flip: Average with the mirrored image; None follows the config.
        compile: Run through `torch.compile`. Then the first batch takes about a minute, and each
            batch is filled up to `batch_size`.
        batch_size: Largest number of people that go through the network at a time.

    Attributes:
        config: The loaded config.
        model: MMPose's model, in evaluation mode.
        dataset_meta: The keypoints' names, skeleton and colors.
        loader: The test pipeline's `LoadWholeImage`, by which files are read.

    Raises:
        InputError: The config has no top-down network, the checkpoint belongs to another network,
            none is named and none comes with the config, or there is no such device.
    """

    def __init__(
        self,
        config: str | Path | Config = DEFAULT,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        half: bool = False,
        flip: bool | None = None,
        compile: bool = False,
        batch_size: int = 8,
    ) -> None:
        if batch_size < 1:
            raise InputError(f"batch_size must be at least 1, got {batch_size}")
        self.config = deepcopy(config) if isinstance(config, Config) else get_config(config)
        chosen = find_device(device)
        if checkpoint is None and config == DEFAULT:
            checkpoint = DEFAULT
        self.model: Any = load_model(self.config, checkpoint)
        if not isinstance(self.model, TopdownPoseEstimator):
            raise InputError(
                f"Predictor is for top-down networks (TopdownPoseEstimator), the config's model is "
                f"a {type(self.model).__name__}. Use MMPoseInferencer"
            )
        self.model.to(chosen)
        self.dataset_meta: dict[str, Any] = self.model.dataset_meta
        if flip is not None:
            self.model.test_cfg["flip_test"] = flip
        self.batch_size = batch_size
        self._fills_batches = compile
        dtype = _HALF[chosen.type] if half else torch.float32
        fast = enable_fast_inference(self.model, dtype=dtype, compile=compile)
        if not fast and (half or compile):
            raise InputError(
                "half and compile are for a HourglassBackbone, but the config has a "
                f"{type(self.model.backbone).__name__}. Leave them out"
            )
        self._input = PersonInput(self.config, self.dataset_meta)
        self.loader = loader_of(self.config)
        self._checks_reduction = True

    def __call__(
        self,
        images: Image | Sequence[Image],
        boxes: Any = None,
        *,
        heatmaps: bool = False,
    ) -> Prediction:
        """Find the keypoints of people.

        Args:
            images: One or several. Files are read one after the other.
            boxes: Of one image (people, 4); of several, a sequence of such, None among them for
                one person who fills the image. None does so for all images.
            heatmaps: Also give the heatmaps of every stack, computed by the plain form of the
                network in float32.

        Raises:
            InputError: An image cannot be read, a box has no area or lies outside of its image, or
                the head has no heatmaps.
        """
        sources, boxes = matched(images, boxes)
        parts = list(self._batches(sources, boxes, heatmaps))
        arrays = [np.concatenate(column) for column in zip(*parts, strict=True)]
        if arrays:
            return Prediction(*arrays)
        number = self.dataset_meta["num_keypoints"]
        return Prediction(
            keypoints=np.empty((0, number, 2)),
            scores=np.empty((0, number)),
            image_index=np.empty(0, dtype=int),
            boxes=np.empty((0, 4)),
        )

    def _batches(
        self, sources: Sequence[Image], boxes: Sequence[Any], heatmaps: bool
    ) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield the fields of `Prediction` for one batch of people after the other."""
        people = self._people(sources, boxes)
        while batch := list(islice(people, self.batch_size)):
            indices, cropped, crops = zip(*batch, strict=True)
            # One program serves all batches of the same size.
            missing = self.batch_size - len(crops) if self._fills_batches else 0
            data = pseudo_collate([*crops, *crops[:1] * missing])
            with torch.no_grad():
                if heatmaps:
                    samples, maps = self._each_stack(data)
                else:
                    samples, maps = self.model.test_step(data), None
            instances = [sample.pred_instances for sample in samples[: len(crops)]]
            known = (
                np.concatenate([to_numpy(each.keypoints)[..., :2] for each in instances]),
                np.concatenate([to_numpy(each.keypoint_scores) for each in instances]),
                np.array(indices),
                np.stack(cropped),
            )
            yield known if maps is None else (*known, maps[: len(crops)].cpu().numpy())

    def _each_stack(self, data: dict[str, Any]) -> tuple[list[PoseDataSample], torch.Tensor]:
        """Return the last stack's predictions, and the heatmaps (N, S, K, H, W) of all stacks."""
        stacks = predict_each_stack(self.model, data, heatmaps=True)
        maps = [torch.stack([one.pred_fields.heatmaps for one in samples]) for samples in stacks]
        return stacks[-1], torch.stack(maps, dim=1)

    def _people(
        self, sources: Sequence[Image], boxes: Sequence[Any]
    ) -> Iterator[tuple[int, np.ndarray, dict[str, Any]]]:
        """Yield image number, box (4,) and network input of each person."""
        for index, (source, given) in enumerate(zip(sources, boxes, strict=True)):
            image = read_image(source, self.loader)
            name = f"image {index}" if isinstance(source, np.ndarray) else str(source)
            for box in [None] if given is None else as_boxes(given):
                person_box, sample = self._input(image, box, name=name)
                self._tell_reduction(sample["data_samples"], name)
                yield index, person_box, sample

    def _tell_reduction(self, sample: Any, name: str) -> None:
        """Warn of the first image that is made very small."""
        if not self._checks_reduction or not isinstance(sample, PoseDataSample):
            return
        if note := note_of_samples([sample], self.model.head.decoder):
            self._checks_reduction = False
            warnings.warn(f"{name}: {note}. This is said once", stacklevel=2)


def read_image(source: Image, loader: LoadWholeImage | None = None) -> np.ndarray:
    """Read an image, turned upright as its file says, with the values that the file has.

    Args:
        source: The file, or an array, which is returned as it is.
        loader: Reads a file; None reads color, blue, green, red.

    Returns:
        (height, width) or (height, width, channels).

    Raises:
        InputError: It cannot be read, is truncated, damaged or too large, or is no such array.
    """
    if not isinstance(source, np.ndarray):
        return (loader or LoadWholeImage()).read(str(source), way_out=ITS_PATH)
    if source.ndim not in (2, 3) or source.dtype.kind not in "uif" or not source.size:
        raise InputError(
            "an image must be (height, width, 3) uint8 with channels blue, green, red, or what "
            f"else the config's LoadWholeImage takes, got {source.shape} {source.dtype}. "
            "cv2.imread gives such arrays"
        )
    return source


def matched(images: Image | Iterable[Image], boxes: Any) -> tuple[list[Image], list[Any]]:
    """Return a list of images, and one of their people's boxes."""
    if isinstance(images, str | Path | np.ndarray):
        return [images], [boxes]
    sources = list(images)
    boxes = [None] * len(sources) if boxes is None else list(boxes)
    if len(boxes) != len(sources):
        raise InputError(
            f"there are {len(sources)} images, but boxes for {len(boxes)}. Give a sequence of "
            "(people, 4) for each image"
        )
    return sources, boxes


def find_device(name: str | torch.device | None) -> torch.device:
    """Return the device to compute on.

    Raises:
        InputError: This machine has no device of that name.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (AssertionError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"device {str(name)!r} cannot be used: {reason}") from error
    if device.type not in _HALF:
        raise InputError(f"device must be one of {', '.join(_HALF)}, got {str(name)!r}")
    return device
