"""Read MPII's people, sort them into splits, and write these in MMPose's format.

Suffixes distinguish the files: `.mat` is MPII's own annotation file, `.h5` the authors' (one per
split), `.json` MMPose's (one per split).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from mmhg.datasets.formats.mpii_gt_val import add_head_boxes
from mmhg.datasets.formats.mpii_h5 import read_mpii_h5
from mmhg.datasets.formats.mpii_json import read_mpii_json, to_json
from mmhg.datasets.formats.mpii_mat import ReleaseImage, read_release
from mmhg.datasets.people import AnnotatedPerson
from mmhg.datasets.plausible import check_people, problem_of
from mmhg.errors import InputError
from mmhg.utils.files import replacing
from mmhg.utils.table import table

OFFICIAL_VAL_LIST = Path(__file__).parent / "splits" / "mpii_val.txt"
"""The 2,958 validation people that every MPII result is reported on."""

SPLITS = ("train", "val", "trainval", "test")

_SPLITS_OF_STEMS = {**{split: split for split in SPLITS}, "valid": "val"}

_NO_CROP = "without center or scale, hence without a crop"
"""A reason to leave people out of all splits."""

Splits = dict[str, list[AnnotatedPerson]]
"""People of each split."""

LeftOut = Counter[tuple[str, str]]
"""Number of people left out, by kind of image (`"train"` or `"test"`) and reason."""

Listed = tuple[str, int | None]
"""A person of a split list: image name and 1-based index."""


def read_split_list(path: str | Path) -> list[Listed]:
    """Read the people of a split list: lines `IMAGE_NAME PERSON_INDEX`; `#` begins a comment.

    Raises:
        InputError: No such file, a line of another form, or a person listed twice.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the split list {path}: {error}") from error
    people: dict[Listed, int] = {}
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, _, index = text.rpartition(" ")
        if not name or not index.isdecimal() or int(index) < 1:
            raise InputError(
                f"{path}, line {number}: expected 'IMAGE_NAME PERSON_INDEX' with an index from 1, "
                f"got {text!r}"
            )
        person = (name.strip(), int(index))
        if person in people:
            raise InputError(f"{path}, line {number}: {text!r} is also in line {people[person]}")
        people[person] = number
    if not people:
        raise InputError(f"the split list {path} is empty")
    return list(people)


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
        paths: One `.mat`, or any of the others, named by their splits: `train.h5`, `valid.h5`,
            `test.h5`, `mpii_train.json`, `mpii_val.json` and so on.
        val_list: A file with the `.mat`'s validation people, for `read_val_list`.
        head_boxes: `mpii_gt_val.mat`, for the validation people of the others.
        show_progress: Report progress on stderr.

    Returns:
        As `convert`. Without a trainval file, trainval is train and val.

    Raises:
        InputError: A file cannot be used, or these files do not go together.
    """
    if any(path.suffix == ".mat" for path in paths):
        if len(paths) > 1:
            raise InputError(
                f"MPII's own .mat file has all splits and is converted alone, got {len(paths)} "
                f"files: {', '.join(map(str, paths))}"
            )
        if head_boxes:
            raise InputError(f"{paths[0]} has head boxes of its own. Leave out {head_boxes}")
        listed = read_val_list(val_list)
        return convert(read_release(paths[0], show_progress), listed, val_list)

    splits: Splits = {}
    left_out: LeftOut = Counter()
    for path in paths:
        split = _split_of(path)
        if split in splits:
            raise InputError(f"{path}: people of {split} were read from another file already")
        people = read_mpii_h5(path) if path.suffix == ".h5" else read_mpii_json(str(path))
        check_people(people, path)
        if head_boxes and split == "val":
            people = add_head_boxes(str(head_boxes), people)
            check_people(people, head_boxes)
        splits[split] = [person for person in people if person.has_crop]
        if lost := len(people) - len(splits[split]):
            left_out["test" if split == "test" else "train", _NO_CROP] += lost
    if head_boxes and "val" not in splits:
        raise InputError(f"{head_boxes} has validation people, but no file of them is given")
    if {"train", "val"} <= splits.keys() and "trainval" not in splits:
        splits["trainval"] = splits["train"] + splits["val"]
    return {split: splits[split] for split in SPLITS if split in splits}, left_out


def convert(
    images: Sequence[ReleaseImage], val_list: Sequence[Listed], val_name: str | Path
) -> tuple[Splits, LeftOut]:
    """Sort people into the splits.

    Of the training images, those in `val_list` go to val (in the list's order), the others to
    train, both to trainval; people of test images go to test.

    Args:
        images: The images of `read_release`.
        val_list: The people of `read_split_list`.
        val_name: Name of the list in errors.

    Returns:
        The people of each split, and how many were left out.

    Raises:
        InputError: A listed person does not exist, belongs to a test image, has no annotated joint,
            cannot be cropped or is not plausible.
    """
    splits: Splits = {split: [] for split in SPLITS}
    val: dict[Listed, AnnotatedPerson] = {}
    left_out: LeftOut = Counter()
    refused = dict.fromkeys(val_list, "not in the annotation file")
    people = [(image, person) for image in images for person in image.people]
    for image, person in people:
        key = (image.name, person.person_index)
        problem = _problem(image, person)
        if problem:
            left_out["train" if image.is_train else "test", problem] += 1
        elif not image.is_train:
            problem = "in a test image"
            splits["test"].append(person)
        else:
            splits["trainval"].append(person)
            if key not in refused:
                splits["train"].append(person)
            elif key in val:
                problem = "in two images of that name"
            else:
                val[key] = person
        if key in refused:
            refused[key] = problem
    if bad := {key: why for key, why in refused.items() if why}:
        raise InputError(_refusal(val_name, bad))
    splits["val"] = [val[key] for key in val_list]
    return splits, left_out


def write_splits(splits: Mapping[str, Sequence[AnnotatedPerson]], out_dir: str | Path) -> None:
    """Write `mpii_{split}.json` into a folder, all of them or none.

    Raises:
        InputError: The folder cannot be written to.
    """
    out_dir = Path(out_dir)
    texts = {
        split: json.dumps([to_json(person) for person in people], allow_nan=False)
        for split, people in splits.items()
    }
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:
            for split, text in texts.items():
                path = files.enter_context(replacing(out_dir / f"mpii_{split}.json"))
                path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write to {out_dir}: {error}") from error


def splits_table(
    splits: Mapping[str, Sequence[AnnotatedPerson]], left_out: Mapping[tuple[str, str], int]
) -> str:
    """Describe the splits in plain text, then the people left out and the reasons."""
    header = ["split", "people", "images", "joints", "visible", "occluded", "unknown", "head sizes"]
    rows = []
    for split, people in splits.items():
        flags = np.concatenate([person.visible[person.annotated] for person in people] or [[]])
        counts = (
            len(people),
            len({person.image for person in people}),
            len(flags),
            int((flags > 0).sum()),
            int((flags == 0).sum()),
            int(np.isnan(flags).sum()),
            sum(np.isfinite(person.head_size) for person in people),
        )
        rows.append([split, *(f"{count:,}" for count in counts)])
    lines = [table(header, rows)]
    for (subset, reason), count in sorted(left_out.items()):
        lines.append(f"left out of the {subset} images: {count:,} {reason}")
    return "\n".join(lines)


def _split_of(path: Path) -> str:
    stem = path.stem.removeprefix("mpii_")
    if path.suffix not in (".h5", ".json") or stem not in _SPLITS_OF_STEMS:
        raise InputError(
            f"{path}: give MPII's .mat file, or files of one split each named "
            "{train,valid,test}.h5 or mpii_{train,val,trainval,test}.json"
        )
    return _SPLITS_OF_STEMS[stem]


def _problem(image: ReleaseImage, person: AnnotatedPerson) -> str:
    """Return the reason why a person cannot be used, empty if it can.

    It has no numbers of the person, so that people can be counted by reason.
    """
    if problem := problem_of(person):
        return f"with {problem[0]}"
    if not person.has_crop:
        return _NO_CROP
    if image.is_train and not person.annotated.any():
        return "without an annotated joint"
    return ""


def _refusal(val_name: str | Path, refused: Mapping[Listed, str], shown: int = 5) -> str:
    """Write the error about listed people who cannot be used."""
    examples = [f"{name} {index} ({why})" for (name, index), why in list(refused.items())[:shown]]
    more = f" and {len(refused) - shown} more" if len(refused) > shown else ""
    return (
        f"the split list {val_name} names people who cannot be used ({len(refused)}): "
        f"{', '.join(examples)}{more}. --val takes the list that belongs to the annotation file"
    )
