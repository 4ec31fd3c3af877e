"""People as FLIC's two kinds of file have them, before left and right are settled.

Shapes: P people, K = 11 joints in the order of `JOINTS`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmhg.errors import InputError

JOINTS = (
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_eye",
    "right_eye",
    "nose",
)

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 0, 3, 6, 7
"""Their indices."""


@dataclass(frozen=True)
class FLICPeople:
    """People of a file, 1-based px.

    Args:
        images: P file names.
        centers: (P, 2) of the boxes.
        scales: (P,) side of the boxes over 200 px.
        joints: (P, K, 2), meaningless where not annotated.
        annotated: (P, K) bool.
        visible: (P, K) 1 visible, 0 occluded, NaN unknown.
        torso_sizes: (P,) px, NaN unknown.
    """

    images: list[str]
    centers: np.ndarray
    scales: np.ndarray
    joints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    torso_sizes: np.ndarray


def lengths(joints: np.ndarray, start: int, end: int) -> np.ndarray:
    """Distances (P,) between two joints, px."""
    return np.linalg.norm(joints[:, start] - joints[:, end], axis=1)


def check_finite(path: str, images: list[str], name: str, values: np.ndarray) -> None:
    """Raise for the first person one of whose values (P, ...) is not finite.

    Raises:
        InputError: Names the file, the person and the value.
    """
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    check(path, images, f"{name} must be finite", finite, values)


def check(path: str, images: list[str], what: str, ok: np.ndarray, values: np.ndarray) -> None:
    """Raise for the first person whose value is not `ok` (P,).

    Raises:
        InputError: Names the file, the person and the value.
    """
    if not ok.all():
        person = int(np.argmin(ok))
        raise InputError(
            f"annotation file {path}: person {person} (from 0), image {images[person]}: {what}, "
            f"got {values[person].tolist()}"
        )
