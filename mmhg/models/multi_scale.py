"""Multi-scale testing: average the heatmaps of a person's crops of several sizes.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.nn import functional

from mmhg.codecs import HourglassHeatmap
from mmhg.errors import InputError


@MODELS.register_module()
class MultiScaleTopdownPoseEstimator(TopdownPoseEstimator):
    """`TopdownPoseEstimator` that averages the heatmaps of crops of several sizes.

    `test_cfg.scales` are the factors of the crop's side, in the order in which the test pipeline
    gives the crops (mmcv's `TestTimeAug` over `ScaleBox`; `with_test_scales` sets up both). Each
    crop goes through the network, with the flip test if that is set. The heatmaps are laid over
    those of the crop nearest to the usual size, averaged where they overlap, and decoded as usual.
    Samples are marked with `test_scales`, so that reports can name them. With a pipeline of one
    crop per person, as in training and validation, it works as its base class.

    Raises:
        InputError: The number of crops is not that of `test_cfg.scales`, or the head's codec is
            not HourglassHeatmap, MSRAHeatmap or UDPHeatmap.
    """

    test_cfg: Mapping[str, Any]

    def test_step(self, data: dict[str, Any]) -> list[PoseDataSample]:
        """Predict a batch. Several crops per person give one merged prediction."""
        if not has_several_crops(data):
            return super().test_step(data)
        plain = copy(self)  # shares everything, so that other threads keep their settings
        plain.test_cfg = {**self.test_cfg, "output_heatmaps": True}
        crops = [TopdownPoseEstimator.test_step(plain, crop) for crop in self.split_crops(data)]
        return self.merge_crops(crops, heatmaps=self.test_cfg.get("output_heatmaps", False))

    def split_crops(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """Split a batch of several crops per person into one batch per crop size.

        Raises:
            InputError: There are more or fewer of them than `test_cfg.scales`.
        """
        scales = self.test_cfg.get("scales") or ()
        if len(scales) != len(data["inputs"]):
            raise InputError(
                f"model.test_cfg.scales is {list(scales)}, but the test pipeline gives "
                f"{len(data['inputs'])} crops per person. Set both by with_test_scales"
            )
        pairs = zip(data["inputs"], data["data_samples"], strict=True)
        return [dict(inputs=inputs, data_samples=samples) for inputs, samples in pairs]

    def merge_crops(
        self, crops: Sequence[Sequence[PoseDataSample]], *, heatmaps: bool = False
    ) -> list[PoseDataSample]:
        """Make one prediction per person from those of each crop size.

        Args:
            crops: For each of `test_cfg.scales` N samples, with `pred_fields.heatmaps`.
            heatmaps: Give the merged heatmaps as well.
        """
        scales = [float(scale) for scale in self.test_cfg["scales"]]
        reference = int(np.argmin(np.abs(np.log(scales))))
        batch = [sample.pred_fields.heatmaps for sample in crops[reference]]
        height, width = batch[0].shape[-2:]
        center = _center(self.head.decoder, width, height)
        total = torch.zeros_like(torch.stack(batch))
        seen = torch.zeros_like(total)
        for scale, samples in zip(scales, crops, strict=True):
            maps = torch.stack([sample.pred_fields.heatmaps for sample in samples])
            total += resample(maps, scales[reference] / scale, center)
            seen += resample(torch.ones_like(maps), scales[reference] / scale, center)
        merged = total / seen  # the reference crop sees every pixel

        samples = list(crops[reference])
        fields = [sample.pred_fields for sample in samples]
        for sample, field, maps in zip(samples, fields, merged, strict=True):
            sample.set_metainfo({"test_scales": tuple(scales)})
            del sample.pred_fields
            field.heatmaps = maps
        return self.add_pred_to_datasample(
            self.head.decode(merged), fields if heatmaps else None, samples
        )


def has_several_crops(data: Mapping[str, Any]) -> bool:
    """Tell whether a batch has several crops per person, as multi-scale testing collates it."""
    return not isinstance(data["data_samples"][0], PoseDataSample)


def resample(heatmaps: Tensor, factor: float, center: tuple[float, float]) -> Tensor:
    """Resample a crop's heatmaps for the crop about the same center with `factor` times the side.

    Args:
        heatmaps: (N, K, H, W).
        factor: Side of the wanted crop divided by the side of this one.
        center: The crops' center, x and y in heatmap px, 0-based.

    Returns:
        (N, K, H, W), bilinear; 0 where the crop does not reach.
    """
    height, width = heatmaps.shape[-2:]

    def coordinates(size: int, middle: float) -> Tensor:
        """Place each pixel as `grid_sample` counts with aligned corners: -1 to 1."""
        pixels = torch.arange(size, dtype=heatmaps.dtype, device=heatmaps.device)
        return ((pixels - middle) * factor + middle) * (2 / (size - 1)) - 1

    y, x = torch.meshgrid(
        coordinates(height, center[1]), coordinates(width, center[0]), indexing="ij"
    )
    grid = torch.stack((x, y), dim=-1).expand(len(heatmaps), -1, -1, -1)
    return functional.grid_sample(heatmaps, grid, align_corners=True)


def _center(codec: object, width: int, height: int) -> tuple[float, float]:
    """Find the crop's center on the heatmap, by the codec's convention."""
    if isinstance(codec, HourglassHeatmap | UDPHeatmap):
        return (width - 1) / 2, (height - 1) / 2
    if isinstance(codec, MSRAHeatmap):
        return width / 2, height / 2
    raise InputError(
        f"multi-scale testing is for HourglassHeatmap, MSRAHeatmap and UDPHeatmap, not "
        f"{type(codec).__name__}. Set the head's decoder to one of them, or test at one scale"
    )
