"""Read the files that MPII results are scored against, in their 1-based pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.io import whosmat

from mmhg.datasets.formats.mpii_gt_val import read_gt_val
from mmhg.datasets.formats.mpii_h5 import read_mpii_h5
from mmhg.datasets.formats.mpii_json import read_mpii_json
from mmhg.datasets.formats.mpii_mat import read_release
from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST, convert, read_val_list
from mmhg.datasets.people import AnnotatedPerson
from mmhg.datasets.plausible import check_people
from mmhg.errors import InputError

_TRUNCATED = (
    "the authors' valid.h5 has coordinates truncated to integers: scores differ from those of "
    "mpii_gt_val.mat by some hundredths of a point"
)

_MANY_PEOPLE = 100
"""Number of people from which on joints that are all integers mean truncation."""


@dataclass(frozen=True)
class GroundTruth:
    """The arrays that predictions are scored against.

    Args:
        joints: (P, 16, 2) px, 1-based, in MPII's order; meaningless where not annotated.
        annotated: (P, 16) bool.
        visible: (P, 16) 1 visible, 0 occluded, NaN unknown.
        head_sizes: (P,) px, NaN where the file has no head box.
        note: A remark for reports about the file, or empty.
    """

    joints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    head_sizes: np.ndarray
    note: str = ""

    @classmethod
    def of(cls, people: Sequence[AnnotatedPerson], name: str | Path, note: str = "") -> GroundTruth:
        """Stack people. `name` is the name of their file in errors."""
        if not people:
            raise InputError(f"ground truth {name} has no people")
        check_people(people, name)
        return cls(
            joints=np.stack([person.keypoints for person in people]),
            annotated=np.stack([person.annotated for person in people]),
            visible=np.stack([person.visible for person in people]),
            head_sizes=np.array([person.head_size for person in people]),
            note=note,
        )


def read_ground_truth(
    path: str | Path, *, split: str = "val", val_list: str | Path = OFFICIAL_VAL_LIST
) -> GroundTruth:
    """Read annotated people of any file that MPII results are scored against.

    Args:
        path: `mpii_gt_val.mat`; MPII's own `.mat` with RELEASE; the authors' `valid.h5`; or a
            `.json` of `mmhg convert-mpii`.
        split: The people of the RELEASE file: 'train', 'val', 'trainval' or 'test'.
        val_list: Its validation people.

    Raises:
        InputError: No such file, or a file of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"ground truth {path} does not exist")
    if path.suffix == ".json":
        return _from_json(path)
    if path.suffix == ".h5":
        return GroundTruth.of(read_mpii_h5(path), path, _TRUNCATED)
    try:
        variables = {name for name, *_ in whosmat(path)}
    except Exception as error:  # damaged bytes raise whatever they lead to
        raise InputError(f"ground truth {path} cannot be read: {error}") from error
    if "RELEASE" in variables:
        return _from_release(path, split, val_list)
    if {"headboxes_src", "jnt_missing", "pos_gt_src"} <= variables:
        return GroundTruth.of(read_gt_val(str(path)), path)
    raise InputError(
        f"ground truth {path} is neither mpii_gt_val.mat nor MPII's annotation file: it has the "
        f"variables {sorted(variables)}"
    )


def _from_json(path: Path) -> GroundTruth:
    truth = GroundTruth.of(read_mpii_json(str(path)), path)
    if np.isnan(truth.head_sizes).all():
        raise InputError(
            f"ground truth {path} has no head boxes, so that PCKh is not defined. "
            "`mmhg convert-mpii` writes them, mpii_gt_val.mat has them"
        )
    whole = bool((truth.joints[truth.annotated] % 1 == 0).all())
    truncated = len(truth.joints) >= _MANY_PEOPLE and whole
    return replace(truth, note=_TRUNCATED if truncated else "")


def _from_release(path: Path, split: str, val_list: str | Path) -> GroundTruth:
    listed = read_val_list(val_list) if split in ("train", "val") else []
    splits, _ = convert(read_release(path, show_progress=True), listed, val_list)
    if not any(person.annotated.any() for person in splits[split]):
        raise InputError(f"ground truth {path} has no annotated joint in its {split} split")
    return GroundTruth.of(splits[split], path)
