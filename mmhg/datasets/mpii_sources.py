"""Read MPII's people from the files that they come in, told apart by their suffixes.

`.mat` is MPII's own annotation file, `.h5` the authors' (one per split), `.json` MMPose's (one per
split).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mmhg.datasets.formats.mpii_gt_val import add_head_boxes
from mmhg.datasets.formats.mpii_h5 import read_mpii_h5
from mmhg.datasets.formats.mpii_json import read_mpii_json
from mmhg.datasets.formats.mpii_mat import read_release
from mmhg.datasets.mpii_converter import (
    NO_CROP,
    OFFICIAL_VAL_LIST,
    SPLITS,
    LeftOut,
    Listed,
    Splits,
    convert,
    read_split_list,
)
from mmhg.errors import InputError

_SPLITS_OF_STEMS = {**{split: split for split in SPLITS}, "valid": "val"}


def read_val_list(path: str | Path) -> list[Listed]:
    """Read the validation people of a text file, or of the authors' `valid.h5`."""
    path = Path(path)
    if path.suffix != ".h5":
        return read_split_list(path)
    return [(person.image, person.person_index) for person in read_mpii_h5(path)]


def read_splits(
    paths: Sequence[Path],
    val_list: Path = OFFICIAL_VAL_LIST,
    head_boxes: Path | None = None,
    show_progress: bool = False,
) -> tuple[Splits, LeftOut]:
    """Read the people of every split that the files have.

    Args:
        paths: One `.mat`, or any of the others, whose names tell the split: `train.h5`,
            `valid.h5`, `test.h5`, `mpii_train.json`, `mpii_val.json` and so on.
        val_list: The `.mat`'s validation people, as `read_val_list` takes them.
        head_boxes: `mpii_gt_val.mat`, for the validation people of the others.
        show_progress: Report progress on stderr.

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
        people = read_mpii_h5(path) if path.suffix == ".h5" else read_mpii_json(str(path))
        if head_boxes and split == "val":
            people = add_head_boxes(str(head_boxes), people)
        splits[split] = [person for person in people if person.has_crop]
        if lost := len(people) - len(splits[split]):
            left_out["test" if split == "test" else "train", NO_CROP] += lost
    if head_boxes and "val" not in splits:
        raise InputError(f"{head_boxes} has validation people, but no file of them is given")
    if {"train", "val"} <= splits.keys() and "trainval" not in splits:
        splits["trainval"] = splits["train"] + splits["val"]
    return {split: splits[split] for split in SPLITS if split in splits}, left_out


def _split_of(path: Path) -> str:
    stem = path.stem.removeprefix("mpii_")
    if path.suffix not in (".h5", ".json") or stem not in _SPLITS_OF_STEMS:
        raise InputError(
            f"{path}: give MPII's .mat file, or files of one split each named "
            "{train,valid,test}.h5 or mpii_{train,val,trainval,test}.json"
        )
    return _SPLITS_OF_STEMS[stem]
