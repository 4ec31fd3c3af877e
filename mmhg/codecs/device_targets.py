"""Targets drawn on the network's device, those of a whole batch at once.

Shape shorthand in this module: N people, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor, nn
from torch.nn import functional

from mmhg.codecs.hourglass_heatmap import HourglassHeatmap
from mmhg.errors import InputError

_FAR = 1e6
"""Heatmap px, beyond any border: what lies further off is cut to it ahead of integers."""


class DeviceTargets(nn.Module):
    """A codec's `encode` for a batch of people, in a few tensor operations and without host waits.

    Args:
        codec: Whose targets are drawn.
    """

    scale_factor: Tensor

    def __init__(self, codec: Any) -> None:
        super().__init__()
        self.width, self.height = (int(side) for side in codec.heatmap_size)
        self.sigma = codec.sigma
        scale_factor = torch.from_numpy(np.array(codec.scale_factor))
        self.register_buffer("scale_factor", scale_factor, persistent=False)

    def forward(self, keypoints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """Draw a batch.

        Args:
            keypoints: (N, K, 2), input px, 0-based.
            visible: (N, K), below 0.5 where not annotated.

        Returns:
            Heatmaps (N, K, H, W) and keypoint weights (N, K), float32, as `encode` makes them.
        """
        raise NotImplementedError


class HourglassTargets(DeviceTargets):
    """Those of `HourglassHeatmap`, bit for bit: separable, of tabled values."""

    profile: Tensor

    def __init__(self, codec: HourglassHeatmap) -> None:
        super().__init__(codec)
        self.reach = codec.patch_size // 2
        distances = np.arange(-self.reach, self.reach + 1)
        profile = np.exp(-(distances**2) / (2 * self.sigma**2)).astype(np.float32)
        self.register_buffer("profile", torch.from_numpy(np.pad(profile, 1)), persistent=False)

    def forward(self, keypoints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        pixels = ((keypoints + 0.5).double() / self.scale_factor + 1e-4).floor()
        pixels = pixels.clamp(-_FAR, _FAR).long()
        columns = self._patches(pixels[..., 0], self.width)
        rows = self._patches(pixels[..., 1], self.height)
        sides = torch.stack((columns.amax(-1), rows.amax(-1)))
        drawn = (visible >= 0.5) & (sides > 0).all(0)
        weights = visible.float() * drawn
        return (rows * drawn[..., None])[..., None] * columns[..., None, :], weights

    def _patches(self, pixels: Tensor, length: int) -> Tensor:
        """The patches along one axis: centres (N, K) to (N, K, length)."""
        places = torch.arange(length, device=pixels.device) - pixels[..., None] + self.reach + 1
        return self.profile[places.clamp(0, len(self.profile) - 1)]


class PatchTargets(DeviceTargets):
    """What MMPose draws as a patch about a whole pixel has in common.

    MMPose's arithmetic is kept, its rounding towards 0 too, which moves the patch near the left and
    upper border if 3 sigma is not a whole number.
    """

    def __init__(self, codec: MSRAHeatmap | UDPHeatmap) -> None:
        super().__init__(codec)
        self.radius = self.sigma * 3
        self.size = math.ceil(2 * self.radius + 1)
        self.middle = (2 * self.radius + 1) // 2

    def window(self, keypoints: Tensor, visible: Tensor) -> tuple[Tensor, ...]:
        """Where the patches lie.

        Returns:
            Keypoints in heatmap px, the whole pixels that they fall on, the patches' first and last
            + 1 pixel, all (N, K, 2); which keypoints are drawn, and their weights, (N, K).
        """
        places = keypoints / self.scale_factor
        pixels = (places + 0.5).clamp(-_FAR, _FAR).trunc()
        first = (pixels - self.radius).trunc()
        last = (pixels + self.radius + 1).trunc()
        drawn, weights = drawn_and_weights(visible, first, last, self.width, self.height)
        return places, pixels, first, last, drawn, weights


class MSRATargets(PatchTargets):
    """Those of `MSRAHeatmap`, bit for bit: rows of the patch, tabled for each column it lies at."""

    strips: Tensor

    def __init__(self, codec: MSRAHeatmap) -> None:
        super().__init__(codec)
        x = np.arange(0, 2 * self.radius + 1, 1, dtype=np.float32)
        squares = (x - self.middle) ** 2 + (x[:, None] - self.middle) ** 2
        patch = np.exp(-squares / (2 * self.sigma**2))
        self.margin = math.ceil(self.radius) + 2
        # The last row of each column's strip is empty.
        columns = self.width + 2 * self.margin
        strips = np.zeros((columns, self.size + 1, self.width), dtype=np.float32)
        for strip, pixel in zip(strips, range(-self.margin, self.width + self.margin), strict=True):
            first = int(pixel - self.radius)
            begin, end = max(0, first), min(self.width, int(pixel + self.radius + 1))
            if begin < end:
                strip[: self.size, begin:end] = patch[:, begin - first : end - first]
        table = torch.from_numpy(strips.reshape(-1, self.width))
        self.register_buffer("strips", table, persistent=False)

    def forward(self, keypoints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        _, pixels, first, last, drawn, weights = self.window(keypoints, visible)
        y = torch.arange(self.height, device=keypoints.device)
        top, bottom = first[..., 1:], last[..., 1:]
        on_patch = (y >= top) & (y < bottom) & drawn[..., None]
        rows = torch.where(on_patch, (y - top).long(), self.size)
        columns = pixels[..., 0].clamp(-self.margin, self.width + self.margin - 1).long()
        strips = (columns + self.margin) * (self.size + 1)
        return functional.embedding(strips[..., None] + rows, self.strips), weights


class UDPTargets(PatchTargets):
    """Those of `UDPHeatmap`, Gaussian, to 1e-6: separable."""

    def forward(self, keypoints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        places, pixels, first, last, drawn, weights = self.window(keypoints, visible)
        centers = first + self.middle + (places - pixels)
        columns, rows = (
            self._patches(centers[..., axis], first[..., axis], last[..., axis], length)
            for axis, length in enumerate((self.width, self.height))
        )
        return outer(columns, rows, drawn), weights

    def _patches(self, centers: Tensor, first: Tensor, last: Tensor, length: int) -> Tensor:
        """The patches along one axis: (N, K) each to (N, K, length)."""
        line = torch.arange(length, device=centers.device, dtype=centers.dtype)
        inside = (line >= first[..., None]) & (line < last[..., None])
        return gaussian(line - centers[..., None], self.sigma) * inside


class UnbiasedTargets(DeviceTargets):
    """Those of `MSRAHeatmap(unbiased=True)`, to 1e-6: separable, over the whole heatmap."""

    def forward(self, keypoints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        places = keypoints / self.scale_factor
        radius = self.sigma * 3
        drawn, weights = drawn_and_weights(
            visible, places - radius, places + radius + 1, self.width, self.height
        )
        columns, rows = (
            torch.arange(length, device=keypoints.device) - places[..., axis, None]
            for axis, length in enumerate((self.width, self.height))
        )
        return outer(gaussian(columns, self.sigma), gaussian(rows, self.sigma), drawn), weights


def drawn_and_weights(
    visible: Tensor, first: Tensor, last: Tensor, width: int, height: int
) -> tuple[Tensor, Tensor]:
    """Which keypoints MMPose draws, and the weights it gives them, (N, K) each.

    Args:
        visible: (N, K); what is below 0.5 is not drawn, but keeps that as its weight.
        first: (N, K, 2), the patches' first pixel.
        last: (N, K, 2), their last + 1.
        width: W, px.
        height: H, px.
    """
    outside = (first[..., 0] >= width) | (first[..., 1] >= height) | (last < 0).any(-1)
    annotated = visible >= 0.5
    return annotated & ~outside, visible.float().masked_fill(annotated & outside, 0)


def gaussian(distances: Tensor, sigma: float) -> Tensor:
    """Amplitude 1."""
    return torch.exp(-(distances**2) / (2 * sigma**2))


def outer(columns: Tensor, rows: Tensor, drawn: Tensor) -> Tensor:
    """Heatmaps (N, K, H, W) of profiles (N, K, W), (N, K, H); empty where not `drawn`, (N, K)."""
    rows = rows.masked_fill(~drawn[..., None], 0)
    return rows.float()[..., None] * columns.float()[..., None, :]


def has_device_targets(config: Mapping[str, Any]) -> bool:
    """Whether a codec, given as its config, has targets that are drawn on the device."""
    codec = config["type"]
    codec = KEYPOINT_CODECS.get(codec) if isinstance(codec, str) else codec
    return _drawn_by(codec) is not None and config.get("heatmap_type", "gaussian") == "gaussian"


def device_targets(config: Mapping[str, Any]) -> DeviceTargets:
    """Build the targets of a codec, given as its config.

    Raises:
        InputError: The codec has none; the message names those that have.
    """
    if not has_device_targets(config):
        raise InputError(
            f"the targets of {dict(config)} cannot be drawn on the device, only those of "
            "HourglassHeatmap, MSRAHeatmap and UDPHeatmap (heatmap_type='gaussian') can; leave "
            "encoder out of the data preprocessor and put GenerateTarget(encoder=...) ahead of "
            "PackPoseInputs"
        )
    codec = KEYPOINT_CODECS.build(dict(config))
    targets = _drawn_by(type(codec))
    assert targets is not None
    return UnbiasedTargets(codec) if getattr(codec, "unbiased", False) else targets(codec)


def _drawn_by(codec: type | None) -> type[DeviceTargets] | None:
    """The targets of a class of codecs; those that decode otherwise but encode alike have them."""
    drawn: dict[Any, type[DeviceTargets]] = {
        HourglassHeatmap.encode: HourglassTargets,
        MSRAHeatmap.encode: MSRATargets,
        UDPHeatmap.encode: UDPTargets,
    }
    return drawn.get(getattr(codec, "encode", None))
