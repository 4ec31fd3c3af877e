"""Readers of files with annotated joints and head sizes, in MPII's 1-based pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from scipy.io import loadmat, whosmat

from mmhg.datasets.formats.mpii_gt_val import head_sizes_from_boxes
from mmhg.datasets.formats.mpii_json import read_people
from mmhg.datasets.formats.mpii_mat import read_release
from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST, convert
from mmhg.datasets.mpii_sources import read_val_list
from mmhg.errors import InputError

NUM_JOINTS = 16

_TRUNCATED = (
    "the authors' valid.h5 has coordinates truncated to integers: scores differ from those of "
    "mpii_gt_val.mat by some hundredths of a point"
)

_MANY_PEOPLE = 100
"""Most of MPII's joints are whole numbers, but not all of so many people's: only of valid.h5's
conversion to .json."""


@dataclass(frozen=True)
class GroundTruth:
    """Annotated people.

    Args:
        joints: (P, 16, 2) px, 1-based, in MPII's order; meaningless where not annotated.
        annotated: (P, 16) bool.
        visible: (P, 16) 1 visible, 0 occluded, NaN unknown.
        head_sizes: (P,) px, NaN where the file has no head box.
        note: What a report says about the file, empty where there is nothing to say.
    """

    joints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    head_sizes: np.ndarray
    note: str = ""


def read_ground_truth(
    path: str | Path, *, split: str = "val", val_list: str | Path = OFFICIAL_VAL_LIST
) -> GroundTruth:
    """Annotated people of any of the files that MPII results are scored against.

    Args:
        path: `mpii_gt_val.mat`; MPII's own `.mat` with RELEASE; the authors' `valid.h5`; or a
            `.json` as `tools/dataset_converters/mpii.py` writes it.
        split: Which people of the RELEASE file: 'train', 'val', 'trainval' or 'test'.
        val_list: Its validation people.

    Raises:
        InputError: No such file, or none of these kinds.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"ground truth {path} does not exist")
    if path.suffix == ".json":
        return _from_json(path)
    try:
        if path.suffix == ".h5":
            return _from_authors(path)
        variables = {name for name, *_ in whosmat(path)}
    except InputError:
        raise
    except Exception as error:  # damaged bytes raise whatever they lead to
        raise InputError(f"ground truth {path} cannot be read: {error}") from error
    if "RELEASE" in variables:
        return _from_release(path, split, val_list)
    if {"headboxes_src", "jnt_missing", "pos_gt_src"} <= variables:
        return _from_gt_val(path)
    raise InputError(
        f"ground truth {path} is neither mpii_gt_val.mat nor MPII's annotation file: it has the "
        f"variables {sorted(variables)}"
    )


def _from_gt_val(path: Path) -> GroundTruth:
    content = loadmat(path)
    boxes = content["headboxes_src"].transpose(2, 0, 1).reshape(-1, 4)
    annotated = content["jnt_missing"].T == 0
    return GroundTruth(
        joints=content["pos_gt_src"].transpose(2, 0, 1).astype(np.float64),
        annotated=annotated,
        visible=np.full(annotated.shape, np.nan),
        head_sizes=head_sizes_from_boxes(boxes),
    )


def _from_authors(path: Path) -> GroundTruth:
    with h5py.File(path, "r") as file:
        if missing := {"part", "visible", "normalize"} - set(file):
            raise InputError(
                f"ground truth {path} is not the authors' valid.h5: it lacks "
                f"{', '.join(sorted(missing))}"
            )
        joints, visible, head_sizes = (
            file[name][()].astype(np.float64) for name in ("part", "visible", "normalize")
        )
    annotated = (joints != 0).any(axis=2)
    return GroundTruth(
        joints=joints,
        annotated=annotated,
        visible=np.where(annotated, visible, np.nan),
        head_sizes=head_sizes,
        note=_TRUNCATED,
    )


def _from_json(path: Path) -> GroundTruth:
    people = read_people(str(path), NUM_JOINTS)
    sizes = np.array([person.head_size for person in people])
    if np.isnan(sizes).all():
        raise InputError(
            f"ground truth {path} has no head boxes, so that PCKh is not defined; "
            "tools/dataset_converters/mpii.py writes them, mpii_gt_val.mat has them"
        )
    joints = np.stack([person.joints for person in people])
    annotated = np.stack([person.annotated for person in people])
    truncated = len(people) >= _MANY_PEOPLE and (joints[annotated] % 1 == 0).all()
    return GroundTruth(
        joints=joints,
        annotated=annotated,
        visible=np.stack([person.visible for person in people]),
        head_sizes=sizes,
        note=_TRUNCATED if truncated else "",
    )


def _from_release(path: Path, split: str, val_list: str | Path) -> GroundTruth:
    listed = read_val_list(val_list) if split in ("train", "val") else []
    splits, _ = convert(read_release(path, show_progress=True), listed, val_list)
    people = splits[split]
    annotated = np.array([person["joints_vis"] for person in people]) > 0
    if not annotated.any():
        raise InputError(f"ground truth {path} has no annotated joint in its {split} split")
    boxes = np.array([person["head_box"] or [np.nan] * 4 for person in people], dtype=np.float64)
    return GroundTruth(
        joints=np.array([person["joints"] for person in people]),
        annotated=annotated,
        visible=np.array([person["visible"] for person in people], dtype=np.float64),
        head_sizes=head_sizes_from_boxes(boxes),
    )
