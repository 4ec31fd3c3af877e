"""Predict after each stack, in one pass through the network.

Shape shorthand in this module: S stacks, N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmpose.structures import PoseDataSample

from mmhg.errors import InputError
from mmhg.models import MultiStageHeatmapHead
from mmhg.models.multi_scale import has_several_crops
from mmhg.nn import FastHourglass, StackedHourglass


@torch.no_grad()
def predict_each_stack(
    model: Any, batch: dict[str, Any], *, heatmaps: bool | None = None
) -> list[list[PoseDataSample]]:
    """Predict as the model would if it ended after its first stack, its second stack and so on.

    The plain network runs once (twice with the flip test), even if a `FastHourglass` has replaced
    it. The model's own head then reads the heatmaps of one stack after the other.

    Args:
        model: A pose estimator in evaluation mode, as `check_stacks` requires. It is not
            changed, so that several threads may use it at once.
        batch: As for `model.test_step`; it is not changed.
        heatmaps: Give `pred_fields.heatmaps` (K, H, W); None follows `model.test_cfg`.

    Returns:
        For each of the S stacks the N samples that `test_step` would give.

    Raises:
        InputError: As `check_stacks`.
    """
    network = check_stacks(model)
    wanted = model.test_cfg.get("output_heatmaps", False) if heatmaps is None else heatmaps
    if not has_several_crops(batch):
        return _of_crop(model, network, batch, {**model.test_cfg, "output_heatmaps": wanted})
    settings = {**model.test_cfg, "output_heatmaps": True}
    crops = [_of_crop(model, network, crop, settings) for crop in model.split_crops(batch)]
    return [model.merge_crops(of_stack, heatmaps=wanted) for of_stack in zip(*crops, strict=True)]


def _of_crop(
    model: Any, network: StackedHourglass, batch: dict[str, Any], test_cfg: Mapping[str, Any]
) -> list[list[PoseDataSample]]:
    """Predict after each stack, as `TopdownPoseEstimator.predict` does after the last."""
    data = model.data_preprocessor(batch, False)
    images, samples = data["inputs"], data["data_samples"]
    views = [images, images.flip(-1)] if test_cfg.get("flip_test", False) else [images]
    # `forward`, since a call would use what `network.compile()` made for training.
    outputs = [network.forward(view) for view in views]
    found = []
    for stack in range(network.num_stacks):
        features = [output[stack : stack + 1] for output in outputs]
        feats = features if len(views) > 1 else features[0]
        predicted = model.head.predict(feats, samples, test_cfg=test_cfg)
        instances, fields = predicted if isinstance(predicted, tuple) else (predicted, None)
        copies = [sample.clone() for sample in samples]
        found.append(model.add_pred_to_datasample(instances, fields, copies))
    return found


def check_stacks(model: Any) -> StackedHourglass:
    """Return the network of a model whose every stack predicts heatmaps.

    Raises:
        InputError: The model is of another kind, which the message names.
    """
    backbone, head = getattr(model, "backbone", None), getattr(model, "head", None)
    if isinstance(backbone, FastHourglass):
        backbone = backbone.network
    if not isinstance(backbone, StackedHourglass) or backbone.output != "heatmaps":
        output = getattr(backbone, "output", None)
        raise InputError(
            "predictions after each stack need a HourglassBackbone with output='heatmaps', the "
            f"config's backbone is a {type(backbone).__name__}"
            + (f" with output={output!r}" if output else "")
        )
    if backbone.supervision != "stacks":
        raise InputError(
            "predictions after each stack need supervision='stacks', the config's backbone has "
            f"{backbone.supervision!r}"
        )
    if not isinstance(head, MultiStageHeatmapHead) or next(head.parameters(), None) is not None:
        layers = " with layers of its own" if isinstance(head, MultiStageHeatmapHead) else ""
        raise InputError(
            "predictions after each stack need a MultiStageHeatmapHead with final_layer=None, the "
            f"config's head is a {type(head).__name__}{layers}"
        )
    if getattr(model, "with_neck", False):
        raise InputError("predictions after each stack need a model without a neck")
    return backbone
