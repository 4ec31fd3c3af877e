"""Reader of MPII's validation people from `mpii_gt_val.mat`, and of their head boxes for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from mmengine.fileio import exists, get_local_path

from mmhg.datasets.formats.matlab import read_mat
from mmhg.datasets.formats.mpii_mat import NUM_JOINTS
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError

_VARIABLES = ("headboxes_src", "pos_gt_src", "jnt_missing")

_LARGEST_OFFSET = 1.0
"""Largest accepted median distance (px) between a person's joints in the two files. A median, since
`mpii_gt_val.mat` has a few coordinates that are 0 by mistake."""


def read_gt_val(path: str) -> list[AnnotatedPerson]:
    """Read the people of the file, in its order. It has neither image names nor visibility.

    Args:
        path: `mpii_gt_val.mat` (variable `headboxes_src`, and `pos_gt_src` and `jnt_missing`,
            without which no joint counts as annotated).

    Raises:
        InputError: No such file, or not a MATLAB file of this kind.
    """
    if not exists(path):
        raise InputError(f"headbox_file {path} does not exist")
    with get_local_path(path) as local_path:
        content = read_mat(local_path, _VARIABLES, f"headbox_file {path}")
    stored = content.get("headboxes_src", np.empty(0))
    people = stored.shape[-1]
    boxes = _numbers(path, "headboxes_src", stored, (2, 2, people)).transpose(2, 0, 1)
    joints = np.full((people, NUM_JOINTS, 2), np.nan)
    annotated = np.zeros((people, NUM_JOINTS), dtype=bool)
    if "pos_gt_src" in content and "jnt_missing" in content:
        shape = (NUM_JOINTS, 2, people)
        joints = _numbers(path, "pos_gt_src", content["pos_gt_src"], shape).transpose(2, 0, 1)
        annotated = _numbers(path, "jnt_missing", content["jnt_missing"], shape[::2]).T == 0
    return [
        AnnotatedPerson(
            image="",
            keypoints=joints[row],
            annotated=annotated[row],
            visible=np.full(NUM_JOINTS, np.nan),
            head_box=box,
        )
        for row, box in enumerate(boxes.reshape(-1, 4))
    ]


def _numbers(path: str, name: str, stored: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a variable as float64, if it has this shape."""
    if stored.shape != shape or stored.dtype.kind not in "iuf":
        raise InputError(
            f"headbox_file {path} is not mpii_gt_val.mat: {name!r} must be numbers of shape "
            f"{shape}, got {stored.dtype} of shape {stored.shape}"
        )
    return stored.astype(np.float64)


def add_head_boxes(path: str, people: Sequence[AnnotatedPerson]) -> list[AnnotatedPerson]:
    """Add the file's head boxes to people without one; the order must be the same.

    Args:
        path: `mpii_gt_val.mat`.
        people: The people of the annotation file.

    Raises:
        InputError: As `read_gt_val`; or another number of people, or people in another order.
    """
    boxed = read_gt_val(path)
    if len(boxed) != len(people):
        raise InputError(
            f"headbox_file {path} has the head boxes of {len(boxed)} people, but the annotation "
            f"file has {len(people)}. They are matched in order"
        )
    for number, (found, person) in enumerate(zip(boxed, people, strict=True)):
        if not found.annotated.any():
            continue
        common = found.annotated & person.annotated
        offsets = np.linalg.norm(found.keypoints - person.keypoints, axis=1)[common]
        if len(offsets) and (offset := np.median(offsets)) > _LARGEST_OFFSET:
            raise InputError(
                f"headbox_file {path} lists other people than the annotation file, or in another "
                f"order: person {number} (from 0) has joints {offset:.0f} px apart"
            )
    return [
        replace(person, head_box=found.head_box) if person.head_box is None else person
        for found, person in zip(boxed, people, strict=True)
    ]
