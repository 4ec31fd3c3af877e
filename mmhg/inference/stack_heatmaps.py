"""Predictions with the heatmaps of every stack.

Shape shorthand in this module: N people, K keypoints, S stacks, H x W px of the heatmaps.
"""

from __future__ import annotations

from typing import Any

import torch
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.structures import PoseDataSample
from torch import Tensor

from mmhg.errors import InputError
from mmhg.models import HourglassBackbone, MultiScaleTopdownPoseEstimator, MultiStageHeatmapHead


def predict_stacks(model: Any, data: dict[str, Any]) -> tuple[list[PoseDataSample], Tensor]:
    """Predict a batch as `model.test_step`, and give the heatmaps of every stack.

    Args:
        model: `TopdownPoseEstimator` with a `MultiStageHeatmapHead`. `speed_up` has no effect here,
            for the fast form has the last stack's heatmaps alone.
        data: `inputs` and `data_samples` of N people, as a test pipeline gives them.

    Returns:
        The samples with `pred_instances`, read from the last stack; heatmaps (N, S, K, H, W), after
        the flip test if `model.test_cfg` has it.

    Raises:
        InputError: The model has no such heatmaps.
    """
    head = model.head
    if not isinstance(head, MultiStageHeatmapHead):
        raise InputError(
            "heatmaps of every stack are those of a MultiStageHeatmapHead, the config's head is a "
            f"{type(head).__name__}"
        )
    if isinstance(model, MultiScaleTopdownPoseEstimator):
        raise InputError(
            "there are no heatmaps of every stack in multi-scale testing; use the config that it "
            "builds on"
        )
    data = model.data_preprocessor(data, False)
    inputs, samples = data["inputs"], data["data_samples"]
    heatmaps = _heatmaps(model, inputs)
    settings = model.test_cfg
    if settings.get("flip_test", False):
        mirrored = _heatmaps(model, inputs.flip(-1))
        heatmaps = [
            (straight + _flipped(other, samples, settings)) * 0.5
            for straight, other in zip(heatmaps, mirrored, strict=True)
        ]
    samples = model.add_pred_to_datasample(head.decode(heatmaps[-1]), None, samples)
    return samples, torch.stack(heatmaps, dim=1)


def _heatmaps(model: Any, inputs: Tensor) -> list[Tensor]:
    """(N, K, H, W) of each stack, by the plain form of the network."""
    backbone = model.backbone
    if isinstance(backbone, HourglassBackbone):
        features = HourglassBackbone.forward(backbone, inputs)
    else:
        features = backbone(inputs)
    return list(model.head.forward(features))


def _flipped(heatmaps: Tensor, samples: list[PoseDataSample], settings: Any) -> Tensor:
    """The mirrored image's heatmaps as they lie over the others."""
    flipped: Tensor = flip_heatmaps(
        heatmaps,
        flip_mode=settings.get("flip_mode", "heatmap"),
        flip_indices=samples[0].metainfo["flip_indices"],
        shift_heatmap=settings.get("shift_heatmap", False),
    )
    return flipped
