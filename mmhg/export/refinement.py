"""DARK's and UDP's refinement of maxima, as a part of an exported network.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import torch
from torch import Tensor, nn
from torch.nn import functional

_MARGIN = 2
"""Px beside a maximum that DARK looks at."""


class NewtonStep(nn.Module):
    """The step from a heatmap's highest pixel to the top of a Gaussian through its neighbors.

    It is the step of `dark_step` and `udp_step` in `predict.py`, in float32 throughout.

    Args:
        codec: `codec` of `describe`; its rule is `'dark'` or `'udp'`.
    """

    kernel: Tensor

    def __init__(self, codec: Mapping[str, Any]) -> None:
        super().__init__()
        self.is_udp = codec["rule"] == "udp"
        line = torch.from_numpy(cv2.getGaussianKernel(codec["blur_kernel_size"], 0)).float()
        self.register_buffer("kernel", (line @ line.T)[None, None])

    def forward(self, heatmaps: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return steps (N, K, 2) in px, from pixels x and y (N, K, 1) of heatmaps (N, K, H, W)."""
        height, width = heatmaps.shape[2:]
        padded = functional.pad(self._logarithm(heatmaps), (_MARGIN,) * 4, mode="replicate")
        flat, row = padded.flatten(2), width + 2 * _MARGIN
        center = (y + _MARGIN) * row + x + _MARGIN

        def at(right: int, down: int) -> Tensor:
            return flat.gather(2, center + (down * row + right))

        middle = at(0, 0)
        gx, gy = 0.5 * (at(1, 0) - at(-1, 0)), 0.5 * (at(0, 1) - at(0, -1))
        if self.is_udp:
            epsilon = torch.finfo(torch.float32).eps
            xx = at(1, 0) - 2 * middle + at(-1, 0) + epsilon
            yy = at(0, 1) - 2 * middle + at(0, -1) + epsilon
            ends = at(1, 1) + at(-1, -1) + 2 * middle
            xy = 0.5 * (ends - at(1, 0) - at(0, 1) - at(-1, 0) - at(0, -1))
            allowed = torch.ones_like(x, dtype=torch.bool)
        else:
            xx = 0.25 * (at(2, 0) - 2 * middle + at(-2, 0))
            yy = 0.25 * (at(0, 2) - 2 * middle + at(0, -2))
            xy = 0.25 * (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1))
            allowed = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
        determinant = xx * yy - xy * xy
        allowed = allowed & (determinant != 0)
        step = torch.cat((xy * gy - yy * gx, xy * gx - xx * gy), dim=2)
        return torch.where(allowed, step / torch.where(allowed, determinant, 1), 0)

    def _logarithm(self, heatmaps: Tensor) -> Tensor:
        """Return the logarithm of smoothed heatmaps whose maxima are those of the heatmaps."""
        padding = self.kernel.shape[-1] // 2
        blurred = functional.conv2d(heatmaps.flatten(0, 1)[:, None], self.kernel, padding=padding)
        blurred = blurred.view(heatmaps.shape)
        highest = (maps.amax(dim=(2, 3), keepdim=True) for maps in (heatmaps, blurred))
        tall, low = highest
        blurred = blurred * (tall / low)
        return (blurred.clamp(1e-3, 50.0) if self.is_udp else blurred.clamp(min=1e-10)).log()
