"""Make boxes of objects that have points alone.

Boxes are left, top, right, bottom in px. Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mmhg.labels import LabeledImage, LabeledObject

THINNEST = 0.25
"""The shorter side of a box over the longer one, at least; points on a line have no area."""


def made_boxes(
    images: Sequence[LabeledImage], padding: float
) -> tuple[list[list[np.ndarray]], Counter[str]]:
    """Return the box of each image's objects, their own or one about their points.

    A made box is the extent of the labeled points, at least a quarter as wide as it is high and the
    other way round, larger by `padding` on each side, and cut at the image's border. Where all
    points are one it is a square with the median side of the other objects' made boxes; without
    others it is the whole image.

    Args:
        images: Their objects have a labeled keypoint, or a box.
        padding: Fraction of the extent's longer side.

    Returns:
        Boxes (4,) of each image, and how many of each kind there are: `given`, `made`, `of one
        point`, `whole image`.
    """
    extents = [
        _extent(one) for image in images for one in image.objects if not _has_own_box(one, image)
    ]
    sides = [float((extent[2:] - extent[:2]).max()) for extent in extents]
    usual = float(np.median([side for side in sides if side > 0])) if any(sides) else 0.0
    counts: Counter[str] = Counter()

    def box_of(one: LabeledObject, image: LabeledImage) -> np.ndarray:
        border = np.array([image.width, image.height, image.width, image.height], dtype=float)
        if _has_own_box(one, image):
            assert one.box is not None
            counts["given"] += 1
            return np.asarray(one.box, dtype=float)
        extent = _extent(one)
        center, size = (extent[:2] + extent[2:]) / 2, extent[2:] - extent[:2]
        side = float(size.max())
        if side == 0 and usual == 0:
            counts["whole image"] += 1
            return border * [0, 0, 1, 1]
        size = size.clip(THINNEST * side) + 2 * padding * side if side else np.full(2, usual)
        box = np.concatenate([center - size / 2, center + size / 2]).clip(0, border)
        if (box[2:] > box[:2]).all():
            counts["made" if side else "of one point"] += 1
            return box
        counts["whole image"] += 1  # its points lie outside
        return border * [0, 0, 1, 1]

    return [[box_of(one, image) for one in image.objects] for image in images], counts


def _has_own_box(one: LabeledObject, image: LabeledImage) -> bool:
    """Tell if an object has a box with an area inside of the image."""
    if one.box is None:
        return False
    inside = np.asarray(one.box, dtype=float).clip(0, [image.width, image.height] * 2)
    return bool(np.isfinite(inside).all() and (inside[2:] > inside[:2]).all())


def _extent(one: LabeledObject) -> np.ndarray:
    points = one.keypoints[one.labeled]
    return np.concatenate([points.min(axis=0), points.max(axis=0)])
