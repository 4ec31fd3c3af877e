"""The files that MPII's people come in, told apart by their endings.

`.mat` is MPII's own annotation file, `.h5` the authors' (one a split), `.json` MMPose's (one a
split).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhg.datasets.formats.mpii_gt_val import load_head_boxes
from mmhg.datasets.formats.mpii_h5 import read_authors, read_authors_list
from mmhg.datasets.formats.mpii_json import read_people
from mmhg.datasets.formats.mpii_mat import NUM_JOINTS, read_release
from mmhg.datasets.mpii_converter import (
    MISSING_JOINT,
    NO_CROP,
    OFFICIAL_VAL_LIST,
    SPLITS,
    Listed,
    convert,
    read_split_list,
)
from mmhg.errors import InputError

Splits = dict[str, list[dict]]
LeftOut = Counter[tuple[str, str]]

_SPLITS_OF_STEMS = {**{split: split for split in SPLITS}, "valid": "val"}
_FIELDS_OF_RELEASE = ("annolist_index", "person_index", "single_person", "activity")


def read_val_list(path: str | Path) -> list[Listed]:
    """The validation people of a text file, or of the authors' `valid.h5`."""
    path = Path(path)
    return read_authors_list(path) if path.suffix == ".h5" else read_split_list(path)


def read_splits(
    paths: Sequence[Path],
    val_list: Path = OFFICIAL_VAL_LIST,
    head_boxes: Path | None = None,
    show_progress: bool = False,
) -> tuple[Splits, LeftOut]:
    """People of every split that the files have, as `mmhg.datasets.mpii_converter` describes them.

    Args:
        paths: One `.mat`, or any of the others, whose names tell the split: `train.h5`,
            `valid.h5`, `test.h5`, `mpii_train.json`, `mpii_val.json` and so on.
        val_list: The `.mat`'s validation people, as `read_val_list` takes them.
        head_boxes: `mpii_gt_val.mat`, for the validation people of the others.
        show_progress: Whether to draw a progress bar on stderr.

    Returns:
        As `convert`. Where train and val are given without trainval, that is both.

    Raises:
        InputError: A file cannot be used, or these files do not go together.
    """
    if any(path.suffix == ".mat" for path in paths):
        if len(paths) > 1:
            raise InputError(
                f"MPII's own .mat file has all splits, it is converted alone; got {len(paths)} "
                f"files: {', '.join(map(str, paths))}"
            )
        if head_boxes:
            raise InputError(f"{paths[0]} has head boxes of its own, leave out {head_boxes}")
        listed = read_val_list(val_list)
        return convert(read_release(paths[0], show_progress), listed, val_list)

    splits: Splits = {}
    left_out: LeftOut = Counter()
    for path in paths:
        split = _split_of(path)
        if split in splits:
            raise InputError(f"{path}: people of {split} were read from another file already")
        people = read_authors(path) if path.suffix == ".h5" else read_mmpose(path)
        if head_boxes and split == "val":
            _add_head_boxes(people, head_boxes)
        splits[split] = [person for person in people if _has_crop(person)]
        if lost := len(people) - len(splits[split]):
            left_out["test" if split == "test" else "train", NO_CROP] += lost
    if head_boxes and "val" not in splits:
        raise InputError(f"{head_boxes} has validation people, but no file of them is given")
    if {"train", "val"} <= splits.keys() and "trainval" not in splits:
        splits["trainval"] = splits["train"] + splits["val"]
    return {split: splits[split] for split in SPLITS if split in splits}, left_out


def read_mmpose(path: str | Path) -> list[dict]:
    """People of a file in MMPose's format, with our further fields (None where it has none).

    Raises:
        InputError: No such file, or not as expected; names the file and the person.
    """
    people = read_people(str(path), NUM_JOINTS)
    raw = json.loads(Path(path).read_bytes())
    return [
        {
            "image": person.image,
            "center": person.center.tolist(),
            "scale": person.scale,
            "joints": np.where(person.annotated[:, None], person.joints, MISSING_JOINT).tolist(),
            "joints_vis": person.annotated.astype(int).tolist(),
            "visible": [int(flag) if np.isfinite(flag) else None for flag in person.visible],
            "head_box": None if person.head_box is None else person.head_box.tolist(),
            "head_size": person.head_size if np.isfinite(person.head_size) else None,
            **{field: of_file.get(field) for field in _FIELDS_OF_RELEASE},
        }
        for person, of_file in zip(people, raw, strict=True)
    ]


def _split_of(path: Path) -> str:
    stem = path.stem.removeprefix("mpii_")
    if path.suffix not in (".h5", ".json") or stem not in _SPLITS_OF_STEMS:
        raise InputError(
            f"{path}: give MPII's .mat file, or files of one split each named "
            "{train,valid,test}.h5 or mpii_{train,val,trainval,test}.json"
        )
    return _SPLITS_OF_STEMS[stem]


def _has_crop(person: dict) -> bool:
    return person["scale"] > 0 and person["center"] != [-1, -1]


def _add_head_boxes(people: Sequence[dict], path: Path) -> None:
    """Give people without a head box theirs, of a file with the same people in the same order."""
    joints = np.array([person["joints"] for person in people])
    annotated = np.array([person["joints_vis"] for person in people]) > 0
    for person, box in zip(people, load_head_boxes(str(path), joints, annotated), strict=True):
        person["head_box"] = person["head_box"] or box.tolist()
