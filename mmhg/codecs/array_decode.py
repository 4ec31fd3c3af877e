"""Heatmaps in memory read at once, by numpy: its small steps take a third of the time of torch's.

Shape shorthand in this module: M maps, H x W px of the maps.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np
import torch

QUARTER = 0.25
"""Heatmap px from the maximum towards the higher neighbour."""

_SHARE = 2**20
"""Values at least for each thread: their 0.2 ms or so are ten times what handing over takes."""


class ArrayPeaks(NamedTuple):
    """Where maps are highest: the first such place in reading order, and what is around it.

    Attributes:
        places: x and y (M, 2), heatmap px, 0-based.
        values: (M,); NaN where a map has a NaN, whose place it then is.
        slopes: (M, 2) right neighbour less left, lower less upper. Where one is missing, at the
            border, it is another pixel of the map.
    """

    places: np.ndarray
    values: np.ndarray
    slopes: np.ndarray


def find_array_peaks(maps: np.ndarray) -> ArrayPeaks:
    """The maxima of maps (M, H, W)."""
    width = maps.shape[2]
    flat = maps.reshape(len(maps), -1)
    best = argmax(flat)
    each = np.arange(len(flat))
    around = (best[:, None] + np.array((1, width, -1, -width))).clip(0, flat.shape[1] - 1)
    neighbours = flat[each[:, None], around]
    with np.errstate(invalid="ignore"):  # a difference of infinities is NaN
        slopes = neighbours[:, :2] - neighbours[:, 2:]
    places = np.stack((best % width, best // width), axis=1)
    return ArrayPeaks(places, flat[each, best], slopes)


def moved_by_a_quarter(peaks: ArrayPeaks, allowed: np.ndarray) -> np.ndarray:
    """Places (M, 2) a quarter of a pixel nearer to the higher neighbours, as they are on a tie.

    Args:
        peaks: As found.
        allowed: (M, 2) or (M, 1) bool, where to move along x and y.
    """
    with np.errstate(invalid="ignore"):  # the sign of NaN is NaN
        return peaks.places + QUARTER * np.sign(np.where(allowed, peaks.slopes, 0))


def argmax(rows: np.ndarray) -> np.ndarray:
    """`rows.argmax(1)` of (M, H W), on as many threads as torch's functions use."""
    shares = min(torch.get_num_threads(), rows.size // _SHARE)
    if shares < 2:
        return rows.argmax(1)
    own, *others = np.array_split(rows, shares)
    threads = _threads(shares - 1, os.getpid())
    waiting = [threads.submit(share.argmax, 1) for share in others]
    return np.concatenate([own.argmax(1), *(one.result() for one in waiting)])


@cache
def _threads(number: int, process: int) -> ThreadPoolExecutor:
    """Threads that wait for work: starting some for each batch would take longer than the work.

    Args:
        number: Of threads.
        process: Its number: a forked one has none of its parent's threads.
    """
    return ThreadPoolExecutor(number, f"mmhg-decode-{process}")
