"""Reader of `joints.mat` of LSP (Leeds Sports Poses) and of its extension LSPET.

Variable `joints`, in 1-based pixels, sides person-centric. LSP: 3 x 14 x 2000, rows x, y and 1
where *occluded* (every joint is annotated). LSPET: 14 x 3 x 10000, columns x, y and 1 where
annotated.

Shapes: P people, K = 14 joints in the order of `JOINTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from mmengine.fileio import exists, get_local_path

from mmhg.datasets.formats.matlab import read_mat, write_mat
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError

Split = Literal["train", "test"]

JOINTS = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "neck",
    "head_top",
)

LSP_PEOPLE = 2000
TRAINING_PEOPLE = 1000
"""LSP's first thousand; the others are the test people."""

_RIGHT_HIP, _LEFT_SHOULDER = 2, 9


def read_lsp(path: str, split: Split) -> list[AnnotatedPerson]:
    """Read the people of a file, in its order.

    A person's box is the extent of the annotated joints, and None in the test split, where the
    joints must not tell where the person is.

    Args:
        path: `joints.mat` of LSP or LSPET, which differ in shape.
        split: The people of LSP. LSPET has training people only.

    Raises:
        InputError: No such file, or not as expected; an unknown split, or a missing one.
    """
    if split not in get_args(Split):
        raise InputError(f"split must be one of {get_args(Split)}, got {split!r}")
    joints = _load(path)
    people, annotated, visible = _flags_of(joints)
    if joints.shape[0] == 3:
        if len(people) != LSP_PEOPLE:
            raise InputError(
                f"annotation file {path} has {len(people)} people, but LSP has {LSP_PEOPLE}, split "
                "in the middle"
            )
        used = range(TRAINING_PEOPLE) if split == "train" else range(TRAINING_PEOPLE, LSP_PEOPLE)
    elif split == "test":
        raise InputError(
            f"annotation file {path} is LSPET's, which is for training only. Test on LSP's "
            "joints.mat"
        )
    else:
        used = range(len(people))
    return [
        _person(
            path,
            _name_format(joints).format(p + 1),
            people[p],
            annotated[p],
            visible[p],
            split == "train",
        )
        for p in used
    ]


def read_all(path: str) -> list[AnnotatedPerson]:
    """Read all people of a file, however many, in its order, each with the box of its joints.

    Raises:
        InputError: No such file, or not as expected.
    """
    joints = _load(path)
    people, annotated, visible = _flags_of(joints)
    name = _name_format(joints)
    return [
        _person(path, name.format(p + 1), people[p], annotated[p], visible[p], True)
        for p in range(len(people))
    ]


def image_names(path: str) -> list[str]:
    """Return the images of all people of a file, in its order."""
    joints = _load(path)
    return [_name_format(joints).format(p + 1) for p in range(joints.shape[2])]


def move_joints(path: str, target: Path, moved: Callable[[str, np.ndarray], np.ndarray]) -> None:
    """Write a copy of a file with the annotated joints moved, and everything else as it was.

    Args:
        path: `joints.mat` of LSP or LSPET.
        target: The copy.
        moved: From an image's name and points (N, 2), 1-based px, to the new points.
    """
    joints = _load(path)
    lsp = joints.shape[0] == 3
    people = joints.transpose(2, 1, 0) if lsp else joints.transpose(2, 0, 1)  # views, (P, K, 3)
    for number, person in enumerate(people, 1):
        annotated = np.full(len(JOINTS), True) if lsp else person[:, 2] == 1
        image = _name_format(joints).format(number)
        person[annotated, :2] = moved(image, person[annotated, :2])
    write_mat(target, {"joints": joints})


def _flags_of(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return people (P, K, 3), and which joints are annotated and visible (P, K), NaN unknown."""
    if joints.shape[0] == 3:
        people = joints.transpose(2, 1, 0)
        return people, np.ones(people.shape[:2], dtype=bool), 1.0 - people[:, :, 2]
    people = joints.transpose(2, 0, 1)
    annotated = people[:, :, 2] == 1
    return people, annotated, np.where(annotated, 1.0, np.nan)


def _name_format(joints: np.ndarray) -> str:
    return "im{:04d}.jpg" if joints.shape[0] == 3 else "im{:05d}.jpg"


def _person(
    path: str,
    image: str,
    person: np.ndarray,
    annotated: np.ndarray,
    visible: np.ndarray,
    boxed: bool,
) -> AnnotatedPerson:
    """Check `person` (K, 3), and make the record."""
    points, flags = person[:, :2], person[:, 2]
    if not np.isin(flags, (0, 1)).all():
        raise InputError(
            f"annotation file {path}: the flags of {image} must be 0 or 1, got {flags.tolist()}"
        )
    if not np.isfinite(points[annotated]).all():
        raise InputError(
            f"annotation file {path}: the annotated joints of {image} must be finite, got "
            f"{points.tolist()}"
        )
    torso_size = np.nan
    if annotated[_LEFT_SHOULDER] and annotated[_RIGHT_HIP]:
        torso_size = float(np.linalg.norm(points[_LEFT_SHOULDER] - points[_RIGHT_HIP]))
    return AnnotatedPerson(
        image=image,
        box=_extent(points[annotated]) if boxed else None,
        keypoints=points,
        annotated=annotated,
        visible=visible,
        torso_size=torso_size,
    )


def _extent(points: np.ndarray) -> np.ndarray | None:
    """Find the extent x1, y1, x2, y2 of points (N, 2), None if it is empty."""
    if not len(points) or (points == points[0]).all():
        return None
    return np.hstack([points.min(axis=0), points.max(axis=0)])


def _load(path: str) -> np.ndarray:
    """Read the variable, float64, (3, K, P) or (K, 3, P)."""
    if not exists(path):
        raise InputError(
            f"annotation file {path} does not exist. Check the dataset's data_root and ann_file "
            "(joints.mat of LSP or LSPET)"
        )
    with get_local_path(path) as local_path:
        content = read_mat(local_path, ["joints"], f"annotation file {path}")
    if "joints" not in content:
        raise InputError(
            f"annotation file {path} has no variable 'joints'. Is it LSP's joints.mat?"
        )
    joints = content["joints"]
    expected = ((3, len(JOINTS)), (len(JOINTS), 3))
    if joints.ndim != 3 or joints.shape[:2] not in expected or joints.dtype.kind not in "iuf":
        raise InputError(
            f"annotation file {path}: 'joints' must be numbers of shape 3 x 14 x 2000 (LSP) or "
            f"14 x 3 x 10000 (LSPET), got {joints.dtype} of shape {joints.shape}"
        )
    return joints.astype(np.float64)
