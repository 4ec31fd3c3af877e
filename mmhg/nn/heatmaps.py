"""Read heatmaps: where they are highest, and a quarter of a pixel towards the higher neighbors.

Shape shorthand in this module: M maps, H x W px of the maps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

QUARTER = 0.25
"""Heatmap px from the maximum towards the higher neighbor."""


class Peaks(NamedTuple):
    """Where maps are highest: the first such place in reading order, and what is around it.

    Attributes:
        positions: x and y (M, 2), heatmap px, 0-based.
        values: (M,); NaN where a map has a NaN, whose position it then is.
        slopes: (M, 2) right neighbor less left, lower less upper. Where one is missing, at the
            border, it is another pixel of the map.
    """

    positions: np.ndarray
    values: np.ndarray
    slopes: np.ndarray


def find_peaks(maps: np.ndarray) -> Peaks:
    """Find the maxima of maps (M, H, W)."""
    width = maps.shape[2]
    flat = maps.reshape(len(maps), -1)
    best = flat.argmax(1)
    each = np.arange(len(flat))
    around = (best[:, None] + np.array((1, width, -1, -width))).clip(0, flat.shape[1] - 1)
    neighbors = flat[each[:, None], around]
    with np.errstate(invalid="ignore"):  # a difference of infinities is NaN
        slopes = neighbors[:, :2] - neighbors[:, 2:]
    positions = np.stack((best % width, best // width), axis=1)
    return Peaks(positions, flat[each, best], slopes)


def quarter_offsets(peaks: Peaks, allowed: np.ndarray) -> np.ndarray:
    """Return a quarter of a pixel towards the higher neighbors, 0 on a tie.

    Args:
        peaks: As found.
        allowed: (M, 2) or (M, 1) bool, where to move along x and y.

    Returns:
        (M, 2), heatmap px along x and y; NaN beside a NaN.
    """
    with np.errstate(invalid="ignore"):  # the sign of NaN is NaN
        return QUARTER * np.sign(np.where(allowed, peaks.slopes, 0))
