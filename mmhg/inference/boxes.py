"""Boxes of people, and MPII's center and scale.

Shape shorthand in this module: P people. Boxes are left, top, right, bottom in 0-based px.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmhg.datasets.people import CENTER_SHIFT, PIXELS_PER_SCALE
from mmhg.errors import InputError

_MOST_PX = 1e9
"""Largest coordinate of a box, far beyond any image."""


def person_boxes(centers: Any, scales: Any) -> np.ndarray:
    """Compute boxes from MPII's center and scale.

    A person of scale 1 is 200 px high. As in the authors' code, and in `MPIIPersonDataset`, the
    center is lowered by 15 px x scale, so that the crop keeps the feet.

    Args:
        centers: (P, 2) px, 0-based (MPII's files count from 1).
        scales: (P,).

    Returns:
        (P, 4): the boxes that a config for MPII pads by a quarter and crops.
    """
    centers = np.asarray(centers, dtype=np.float64).reshape(-1, 2)
    scales = np.asarray(scales, dtype=np.float64).reshape(-1, 1)
    if len(centers) != len(scales):
        raise InputError(f"there are {len(centers)} centers, but {len(scales)} scales")
    middle = centers + [0, CENTER_SHIFT] * scales
    half = PIXELS_PER_SCALE / 2 * scales
    return np.hstack([middle - half, middle + half])


def as_boxes(boxes: Any) -> np.ndarray:
    """Return boxes (P, 4) as float64.

    Raises:
        InputError: They are not numbers, or not four per box.
    """
    rule = "boxes must be (people, 4): left, top, right, bottom in px"
    try:
        array = np.asarray(boxes, dtype=np.float64)
    except (OverflowError, TypeError, ValueError) as error:
        raise InputError(f"{rule}, got {boxes!r:.80}") from error
    if array.size and (array.ndim not in (1, 2) or array.shape[-1] != 4):
        raise InputError(f"{rule}, got shape {array.shape}")
    return array.reshape(-1, 4)


def box_problem(box: np.ndarray, size: Sequence[int]) -> str | None:
    """Describe what is wrong with a box (4,) in an image of height and width `size` px, or None."""
    height, width = size
    left, top, right, bottom = box.tolist()
    shown = f"box [{', '.join(f'{side:g}' for side in box.tolist())}]"
    if not (np.isfinite(box).all() and left < right and top < bottom):
        return f"{shown} has no area. Boxes are left, top, right, bottom in px"
    if np.abs(box).max() > _MOST_PX:
        return f"{shown} is larger than any image. Boxes are left, top, right, bottom in px"
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        return (
            f"{shown} lies outside of the image, {width} x {height} px. Boxes are left, top, "
            "right, bottom in px"
        )
    return None
