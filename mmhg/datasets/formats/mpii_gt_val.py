"""Reader of MPII's validation people from `mpii_gt_val.mat`, and of their head boxes for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from mmengine.fileio import exists, get_local_path
from scipy.io import loadmat

from mmhg.datasets.formats.mpii_mat import NUM_JOINTS
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError

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
    try:
        with get_local_path(path) as local_path:
            content = loadmat(local_path)
        boxes = content["headboxes_src"].transpose(2, 0, 1).reshape(-1, 4)
        joints = np.full((len(boxes), NUM_JOINTS, 2), np.nan)
        annotated = np.zeros((len(boxes), NUM_JOINTS), dtype=bool)
        if "pos_gt_src" in content and "jnt_missing" in content:
            joints = content["pos_gt_src"].transpose(2, 0, 1).astype(np.float64)
            annotated = content["jnt_missing"].T == 0
        return [
            AnnotatedPerson(
                image="",
                keypoints=joints[row],
                annotated=annotated[row],
                visible=np.full(annotated.shape[1], np.nan),
                head_box=box,
            )
            for row, box in enumerate(boxes)
        ]
    except Exception as error:  # scipy raises whatever the damaged bytes lead to
        raise InputError(
            f"headbox_file {path} is not mpii_gt_val.mat (a MATLAB file with 'headboxes_src' of "
            f"shape 2x2xP): {error}"
        ) from error


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
