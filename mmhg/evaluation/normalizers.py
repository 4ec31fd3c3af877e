"""Lengths that errors are divided by, by their names.

Shapes: P people, K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmhg.errors import InputError

OF_BOXES = {
    "box": "square root of the box's area",
    "longer_side": "longer side of the box",
    "diagonal": "diagonal of the box",
}
"""Normalizers of boxes, and what they are."""


def normalizing_lengths(
    name: str,
    *,
    ground_truth: np.ndarray,
    annotated: np.ndarray,
    keypoint_names: Sequence[str],
    boxes: np.ndarray | None = None,
    sizes: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Measure the length that each person's errors are divided by.

    Args:
        name: A key of `OF_BOXES`; a name in `sizes`; a number of px; or two keypoints, as in
            `left_eye,right_eye`. In place of a keypoint the middle of several may stand:
            `a+b+c,d+e+f`, as the pupils of 300-W.
        ground_truth: (P, K, 2) px.
        annotated: (P, K) bool.
        keypoint_names: The K keypoints' names.
        boxes: (P, 4) left, top, right, bottom in px.
        sizes: Lengths (P,) in px by name, such as `torso`.

    Returns:
        (P,) px, NaN for a person who lacks one of the keypoints, 0 where they are one point.

    Raises:
        InputError: An unknown name, or a normalizer that this data does not have.
    """
    people = len(ground_truth)
    sizes = sizes or {}
    if name in sizes:
        return np.asarray(sizes[name], dtype=np.float64)
    if name in OF_BOXES:
        if boxes is None:
            raise InputError(f"normalize={name!r} needs boxes, which this data does not have")
        return box_lengths(np.asarray(boxes, dtype=np.float64), name)
    if _is_number(name):
        if not 0 < float(name) < np.inf:
            raise InputError(f"normalize must be a positive number of px, got {name}")
        return np.full(people, float(name))
    ends = name.split(",")
    if len(ends) != 2:
        known = ", ".join([*OF_BOXES, *sizes])
        raise InputError(
            f"normalize must be {known}, a number of px, or two keypoints such as "
            f"{','.join(keypoint_names[:2])}, got {name!r}"
        )
    points = np.where(np.asarray(annotated)[..., None], ground_truth, np.nan)
    first, second = (_middle(end, points, keypoint_names) for end in ends)
    return np.linalg.norm(first - second, axis=1)


def box_lengths(boxes: np.ndarray, name: str) -> np.ndarray:
    """Measure boxes (P, 4), left, top, right, bottom in px, by a name of `OF_BOXES`: (P,) px."""
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    if name == "box":
        return np.sqrt(np.clip(width, 0, None) * np.clip(height, 0, None))
    return np.maximum(width, height) if name == "longer_side" else np.hypot(width, height)


def extents(points: np.ndarray, annotated: np.ndarray) -> np.ndarray:
    """Return the extent of each person's labeled keypoints (P, 4), NaN without any.

    Args:
        points: (P, K, 2) px.
        annotated: (P, K) bool.
    """
    known = annotated[..., None]
    low = np.where(known, points, np.inf).min(axis=1)
    high = np.where(known, points, -np.inf).max(axis=1)
    found = np.hstack([low, high])
    found[~annotated.any(axis=1)] = np.nan
    return found


def _middle(end: str, points: np.ndarray, keypoint_names: Sequence[str]) -> np.ndarray:
    names = [name.strip() for name in end.split("+")]
    if unknown := [name for name in names if name not in keypoint_names]:
        raise InputError(
            f"normalize: there is no keypoint {unknown[0]!r}. There are {', '.join(keypoint_names)}"
        )
    return points[:, [list(keypoint_names).index(name) for name in names]].mean(axis=1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
