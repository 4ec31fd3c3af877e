"""The common parts of FLIC's two kinds of file: joints, sides, checks, people.

Both have 1-based pixels. They differ in the meaning of left and right: on the person's body
("person-centric") in `examples.mat`; in the image ("observer-centric") in the authors' files, where
people who face away have had left and right exchanged, so that every left shoulder lies on the
image's right.

Shapes: P people, K = 11 joints in the order of `JOINTS`.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from mmengine.fileio import exists

from mmhg.datasets.people import PIXELS_PER_SCALE, AnnotatedPerson
from mmhg.errors import InputError

SideConvention = Literal["observer-centric", "person-centric"]

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
"""Indices in `JOINTS`."""

_MIRRORED = [3, 4, 5, 0, 1, 2, 7, 6, 9, 8, 10]
"""Each joint's index on the other side."""


def make_people(
    images: list[str],
    *,
    centers: np.ndarray,
    scales: np.ndarray,
    joints: np.ndarray,
    annotated: np.ndarray,
    visible: np.ndarray,
    torso_sizes: np.ndarray,
    exchanged: np.ndarray,
) -> list[AnnotatedPerson]:
    """Make people of a file's arrays, some of them with left and right exchanged in all joints.

    The eyes are exchanged too: of the people who face away in the authors' files, six in seven have
    the left eye on the image's right.

    Args:
        images: P file names.
        centers: (P, 2) px, the centers of the boxes.
        scales: (P,) sides of the boxes over 200 px.
        joints: (P, K, 2) px, meaningless where not annotated.
        annotated: (P, K) bool.
        visible: (P, K) 1 visible, 0 occluded, NaN unknown.
        torso_sizes: (P,) px, NaN unknown.
        exchanged: (P,) bool, True to exchange left and right.
    """
    people = []
    for row, image in enumerate(images):
        order = _MIRRORED if exchanged[row] else slice(None)
        half_side = PIXELS_PER_SCALE * scales[row] / 2
        people.append(
            AnnotatedPerson(
                image=image,
                box=np.hstack([centers[row] - half_side, centers[row] + half_side]),
                keypoints=joints[row, order],
                annotated=annotated[row, order],
                visible=visible[row, order],
                torso_size=float(torso_sizes[row]),
            )
        )
    return people


def lengths(joints: np.ndarray, start: int, end: int) -> np.ndarray:
    """Compute distances (P,) between two joints, px."""
    return np.linalg.norm(joints[:, start] - joints[:, end], axis=1)


def check_file(path: str, side_convention: str) -> None:
    """Raise InputError if there is no such file, or no such convention."""
    if side_convention not in get_args(SideConvention):
        raise InputError(
            f"side_convention must be one of {get_args(SideConvention)}, got {side_convention!r}"
        )
    if not exists(path):
        raise InputError(
            f"annotation file {path} does not exist. Check the dataset's data_root and ann_file"
        )


def check_finite(path: str, images: list[str], name: str, values: np.ndarray) -> None:
    """Raise InputError for the first person with a value (P, ...) that is not finite."""
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    check_values(path, images, f"{name} must be finite", finite, values)


def check_values(
    path: str, images: list[str], rule: str, correct: np.ndarray, values: np.ndarray
) -> None:
    """Raise InputError for the first person whose value is not `correct` (P,)."""
    if not correct.all():
        person = int(np.argmin(correct))
        raise InputError(
            f"annotation file {path}: person {person} (from 0), image {images[person]}: {rule}, "
            f"got {values[person].tolist()}"
        )
