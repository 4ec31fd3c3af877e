"""The part of a model that is exported: from images to heatmaps, or to keypoints.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.export.refinement import NewtonStep
from mmhg.nn import FastHourglass, FoldedHourglass, StackedHourglass
from mmhg.nn.heatmaps import QUARTER


class HeatmapNetwork(nn.Module):
    """Backbone, neck and head of a pose estimator: (N, channels, height, width) to (N, K, H, W).

    Args:
        model: Left as it is.
        fuse: Use the backbone's `FoldedHourglass` instead of the backbone.
        dtype: The type to compute in. Images and heatmaps are float32 in any case.

    Raises:
        InputError: `fuse`, and the backbone is no `HourglassBackbone`.
    """

    def __init__(
        self, model: Any, *, fuse: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        backbone = model.backbone
        if isinstance(backbone, FastHourglass):
            backbone = backbone.network
        if fuse and not isinstance(backbone, StackedHourglass):
            raise InputError(
                f"--fuse is for HourglassBackbone, the backbone is {type(backbone).__name__}. "
                "Leave --fuse out"
            )
        self.dtype = dtype
        self.backbone = FoldedHourglass(backbone, dtype) if fuse else deepcopy(backbone).to(dtype)
        self.neck = deepcopy(model.neck).to(dtype) if model.with_neck else nn.Identity()
        self.head = deepcopy(model.head).to(dtype)
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the last heatmaps, float32, as a tuple of one."""
        features = [feature.to(self.dtype) for feature in self.backbone(images.to(self.dtype))]
        heatmaps = self.head(self.neck(features))
        return ((heatmaps if isinstance(heatmaps, Tensor) else heatmaps[-1]).float(),)


class KeypointNetwork(nn.Module):
    """A `HeatmapNetwork` that also reads its heatmaps, by the rule of the training's codec.

    Args:
        network: Images to heatmaps.
        codec: `codec` of `describe`.
    """

    scale: Tensor

    def __init__(self, network: HeatmapNetwork, codec: Mapping[str, Any]) -> None:
        super().__init__()
        self.network = network
        self.authors = codec["rule"] == "authors"
        self.newton = NewtonStep(codec) if codec["rule"] in ("dark", "udp") else None
        self.width, self.height = codec["heatmap_size"]
        cells = torch.tensor(codec["heatmap_size"]) - int(codec["rule"] == "udp")
        self.register_buffer("scale", torch.tensor(codec["input_size"]) / cells)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return keypoints (N, K, 2), input px, 0-based, scores (N, K), heatmaps (N, K, H, W)."""
        (heatmaps,) = self.network(images)
        flat = heatmaps.flatten(2)
        best = flat.argmax(2, keepdim=True)
        scores = flat.gather(2, best)
        x, y = best % self.width, best // self.width
        pixels = torch.cat((x, y), dim=2) + self._steps(heatmaps, flat, best, x, y)
        if self.authors:
            keypoints = (pixels + 0.5) * self.scale - 0.5
        else:
            keypoints = torch.where(scores > 0, pixels, -1) * self.scale
        return keypoints, scores.squeeze(2), heatmaps

    def _steps(self, heatmaps: Tensor, flat: Tensor, best: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return the steps (N, K, 2) from the highest pixels to the keypoints, heatmap px."""
        if self.newton is not None:
            return self.newton(heatmaps, x, y)
        across = (x > 0) & (x < self.width - 1)
        down = (y > 0) & (y < self.height - 1)
        if self.authors:
            across = down = across & down
        else:
            across, down = across & (x > 1) & (y > 0), down & (y > 1) & (x > 0)
        offsets = [
            QUARTER * torch.where(allowed, self._slope(flat, best, step), 0).sign()
            for allowed, step in ((across, 1), (down, self.width))
        ]
        return torch.cat(offsets, dim=2)

    def _slope(self, flat: Tensor, best: Tensor, step: int) -> Tensor:
        """Subtract the value `step` before the maximum from that `step` after it, (N, K, 1)."""
        last = self.width * self.height - 1
        after, before = (flat.gather(2, (best + sign * step).clamp(0, last)) for sign in (1, -1))
        return after - before
