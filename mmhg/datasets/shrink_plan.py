"""Plan by what factor each image is reduced, and what part of it stays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhg.datasets.closest_crop import ClosestCrop
from mmhg.datasets.shrink_images import WHOLE, Window
from mmhg.datasets.shrink_splits import DatasetSplit, path_below


def plan(
    root: Path,
    splits: Sequence[DatasetSplit],
    input_size: tuple[int, int] | None,
    crop: float | None,
) -> tuple[dict[str, float], dict[str, Window]]:
    """Return the factor of each file in the images' folders, by its path below `root`.

    The second result has the window of each image that is cut.
    """
    factors: dict[str, float] = {}
    windows: dict[str, Window] = {}
    for split in (split for split in splits if split.shrinks):
        closest = ClosestCrop(split.pipeline, input_size)
        for person in split.people():
            name = path_below(root, person["img_path"])
            if crop:
                window = window_of(person, crop)
                windows[name] = _union(windows.get(name, window), window)
            factor = closest.factor(person) if "bbox" in person else 1.0
            factors[name] = max(factors.get(name, 0.0), factor)
    kept = {split.dataset.ann_file for split in splits if not split.shrinks}
    for split in splits:
        if crop and split.dataset.ann_file not in kept:  # images without people
            for image in split.annotations.images():
                windows.setdefault(path_below(root, os.path.join(split.folder, image)), WHOLE)
        for path in split.files():
            factors.setdefault(path_below(root, path), 1.0)
    for split in splits:
        for path in split.kept_images():
            name = path_below(root, path)
            windows.pop(name, None)
            if name in factors:
                factors[name] = 1.0
    return factors, windows


def window_of(person: dict, crop: float) -> Window:
    """Return the square about a person's box, extended to all annotated joints."""
    if "bbox" not in person:
        return WHOLE
    left, top, right, bottom = map(float, np.ravel(person["bbox"]))
    half = max(right - left, bottom - top) * crop / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    square = x - half, y - half, x + half + 1, y + half + 1  # edges: a pixel is 1 px wide
    points = np.array(person["keypoints"])[np.array(person["keypoints_visible"]) > 0]
    if not len(points):
        return square
    return _union(square, (*points.min(axis=0), *(points.max(axis=0) + 1)))


def _union(one: Window, other: Window) -> Window:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )
