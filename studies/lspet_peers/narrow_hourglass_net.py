"""MMPose's `HourglassNet` with a stem whose width can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmcv.cnn import ConvModule
from mmpose.models.backbones import HourglassNet
from mmpose.models.backbones.resnet import BasicBlock, ResLayer
from mmpose.registry import MODELS
from torch import nn


@MODELS.register_module()
class NarrowHourglassNet(HourglassNet):
    """`HourglassNet`, whose stem has 128 and 256 channels whatever follows, scaled as a whole.

    Args:
        stage_channels: Widths; the stem ends with the first, half as wide ahead of that.
        settings: As for `HourglassNet`.
    """

    def __init__(self, *, stage_channels: Sequence[int], **settings: Any) -> None:
        super().__init__(stage_channels=stage_channels, **settings)
        width, norm = stage_channels[0], dict(type="BN", requires_grad=True)
        self.stem = nn.Sequential(
            ConvModule(3, width // 2, 7, padding=3, stride=2, norm_cfg=norm),
            ResLayer(BasicBlock, 1, width // 2, width, stride=2, norm_cfg=norm),
        )
