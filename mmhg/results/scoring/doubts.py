"""Say what is probably wrong with a file of predictions, from how it lies on the labels.

Shapes: P people, K keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.evaluation.normalizers import box_lengths, extents
from mmhg.results.prediction_files import axes_swapped, one_pixel_off
from mmhg.results.scoring.records import Truth

_FAR = 0.5
_MANY = 0.03
"""Share of FLIC's people; the two conventions differ in 5 %."""


def scene_sizes(truth: Truth) -> np.ndarray:
    """Return each person's size in px, for comparisons alone: (P,), NaN unknown.

    The torso's, the head's, the square root of the box's area, or the diagonal of the labels.
    """
    if truth.sizes:
        sizes = next(iter(truth.sizes.values()))
    elif truth.boxes is not None:
        sizes = box_lengths(truth.boxes, "box")
    else:
        sizes = box_lengths(extents(truth.keypoints, truth.labeled), "diagonal")
    return np.where(sizes > 0, sizes, np.nan)


def doubts_of(path: str, points: np.ndarray, truth: Truth) -> list[str]:
    """Return what is probably wrong, one sentence each.

    Args:
        path: The file.
        points: (P, K, 2) px with the origin of `truth`, NaN where nothing was predicted.
        truth: The ground truth.
    """
    labels = np.where(truth.labeled[..., None], truth.keypoints, np.nan)
    sizes = scene_sizes(truth)
    if not np.isfinite(points - labels).any():
        return []
    doubts = []
    if axes_swapped(points, labels, sizes):
        doubts.append(f"{path} fits the ground truth with x and y exchanged")
    elif _sides_exchanged(points, labels, sizes, _mirrored(truth.names)):
        doubts.append(f"{path} fits the ground truth with left and right exchanged")
    elif _median(points, labels, sizes) > _FAR:
        doubts.append(
            f"{path} lies far from the labels, half of the keypoints by more than {_FAR} sizes of "
            "the person. Is it of other people, in another order, or in pixels of the crop?"
        )
    elif truth.kind == "FLIC" and (other := _exchanged_people(points, labels, sizes, truth)):
        conventions = ["observer-centric", "person-centric"]
        conventions.remove(truth.sides)
        doubts.append(
            f"{path}: {other} of {len(points)} people fit with left and right exchanged. Is the "
            f"file {conventions[0]}? Then give --sides {conventions[0]}"
        )
    if off := one_pixel_off(points - labels, sizes):
        counted = "0-based" if truth.origin else "1-based"
        doubts.append(
            f"{path} lies off by a median of ({off[0]:+.2f}, {off[1]:+.2f}) px: are its pixels "
            f"{counted}? Those of {truth.file} are counted from {truth.origin}"
        )
    return doubts


def _mirrored(names: Sequence[str]) -> list[int]:
    """Return the number of each keypoint's other side; empty if there are no sides."""
    other = {"left": "right", "right": "left"}
    order = []
    for k, name in enumerate(names):
        side, _, rest = name.partition("_")
        mirrored = f"{other.get(side, side)}_{rest}"
        order.append(list(names).index(mirrored) if mirrored in names else k)
    return order if order != list(range(len(names))) else []


def _sides_exchanged(
    points: np.ndarray, labels: np.ndarray, sizes: np.ndarray, mirrored: Sequence[int]
) -> bool:
    if not mirrored:
        return False
    exchanged = _median(points[:, mirrored], labels, sizes)
    return exchanged < 0.2 < 0.4 < _median(points, labels, sizes)


def _exchanged_people(
    points: np.ndarray, labels: np.ndarray, sizes: np.ndarray, truth: Truth
) -> int:
    """Count the people who fit with their sides exchanged, and not as they are; 0 if few do."""
    exchanged = points[:, _mirrored(truth.names)]
    near, other = (
        np.linalg.norm(one - labels, axis=2) / sizes[:, None] for one in (points, exchanged)
    )
    known = np.isfinite(near) & np.isfinite(other)
    count = np.maximum(known.sum(axis=1), 1)
    means = [np.where(known, one, 0.0).sum(axis=1) / count for one in (near, other)]
    found = int(((means[1] < 0.2) & (means[0] > 0.4)).sum())
    return found if found > _MANY * len(points) else 0


def _median(points: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> float:
    off = np.linalg.norm(points - labels, axis=2) / sizes[:, None]
    return float(np.nanmedian(off)) if np.isfinite(off).any() else 0.0
