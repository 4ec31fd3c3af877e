"""Heatmaps of a batch read at once, on their own device: only coordinates and scores leave it.

Shape shorthand in this module: N images, K keypoints, M = N K maps, H x W px of the maps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmhg.codecs.array_decode import QUARTER, argmax


class Peaks(NamedTuple):
    """Where maps are highest: the first such place in reading order, as numpy's `argmax` has it.

    Attributes:
        places: x and y (M, 2) int64, heatmap px, 0-based.
        indices: (M,) int64, the same place counted in reading order.
        values: (M,) float32 at least; NaN where a map has a NaN, whose place it then is.
    """

    places: Tensor
    indices: Tensor
    values: Tensor


def as_maps(heatmaps: Tensor) -> Tensor:
    """Heatmaps (N, K, H, W) as contiguous maps (M, H, W)."""
    return heatmaps.detach().flatten(0, 1).contiguous()


def find_peaks(maps: Tensor) -> Peaks:
    """The maxima of maps (M, H, W)."""
    flat, width = maps.flatten(1), maps.shape[2]
    # On the CPU torch's argmax takes 30 times as long as numpy's, which is vectorised.
    best = torch.from_numpy(argmax(widened(flat).numpy())) if flat.is_cpu else flat.argmax(1)
    places = torch.stack((best % width, best // width), dim=1)
    return Peaks(places, best, widened(flat.gather(1, best[:, None])[:, 0]))


def widened(values: Tensor) -> Tensor:
    """Values in a type to compute with: what is narrower becomes float32."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def within(maps: Tensor, places: Tensor, margin: int) -> Tensor:
    """Whether x and y of places (M, 2) are so many px inside of the border: (M, 2) bool."""
    height, width = maps.shape[1:]
    end = torch.tensor((width - margin, height - margin), device=maps.device)
    return (places >= margin) & (places < end)


def quarter_offsets(maps: Tensor, peaks: Peaks, allowed: Tensor) -> Tensor:
    """A quarter of a pixel towards the higher neighbour, nothing on a tie.

    Args:
        maps: (M, H, W).
        peaks: Of these maps.
        allowed: (M, 2) or (M, 1) bool, where to move along x and y: not where a neighbour is
            missing.

    Returns:
        (M, 2), heatmap px along x and y.
    """
    flat, width = maps.flatten(1), maps.shape[2]
    steps = torch.tensor((1, width, -1, -width), device=maps.device)
    around = (peaks.indices[:, None] + steps).clamp(0, flat.shape[1] - 1)
    right_below, left_above = widened(flat.gather(1, around)).split(2, dim=1)
    slopes = torch.where(allowed, right_below - left_above, 0)
    # numpy's sign of NaN is NaN, torch's is 0.
    return torch.where(slopes.isnan(), slopes, QUARTER * slopes.sign())


def in_memory(heatmaps: Tensor) -> np.ndarray:
    """Heatmaps (N, K, H, W) of the CPU as maps (M, H, W) in a type that numpy has."""
    return widened(as_maps(heatmaps)).numpy()


def to_host(pixels: Tensor, peaks: Peaks, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates and the peaks' values in one copy.

    Args:
        pixels: x and y (M, 2), heatmap px.
        peaks: Their values are the scores.
        batch_size: N.

    Returns:
        (N, 1, K, 2) float32 and (N, 1, K) in the values' type: one person an image.
    """
    both = torch.cat((pixels.to(peaks.values), peaks.values[:, None]), dim=1)
    host = both.view(batch_size, 1, -1, 3).cpu().numpy()
    return host[..., :2].astype(np.float32), host[..., 2]
