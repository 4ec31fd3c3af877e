"""From MPII's official annotations to MMPose's format, people by people.

A person becomes the dictionary that MMPose's files have, in raw 1-based pixels: `image`, `center`,
`scale` (neither adjusted), `joints` (16 x 2; [-1, -1] where missing) and `joints_vis` (1 where
annotated). Beside them stand `visible` (1, 0, or null where unknown), `head_box` ([x1, y1, x2, y2]
or null), `annolist_index` and `person_index` (MATLAB's i and r of `annolist(i).annorect(r)`),
`single_person` and `activity` ({category, name, id} or null), and, where a file tells it instead of
the head box, `head_size` (px).
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmhg.datasets.formats.mpii_mat import NUM_JOINTS, Person, ReleaseImage
from mmhg.errors import InputError

OFFICIAL_VAL_LIST = Path(__file__).parent / "splits" / "mpii_val.txt"
"""The 2,958 validation people that every MPII result is reported on."""

SPLITS = ("train", "val", "trainval", "test")

MISSING_JOINT = (-1.0, -1.0)

NO_CROP = "without centre or scale, hence without a crop"
"""A reason to leave people out."""

Listed = tuple[str, int]
"""A person of a split list: image name and 1-based index."""


def read_split_list(path: str | Path) -> list[Listed]:
    """The people of a split list: a line `IMAGE_NAME PERSON_INDEX` each, `#` begins a comment.

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
            raise InputError(f"{path}, line {number}: {text!r} stands in line {people[person]} too")
        people[person] = number
    if not people:
        raise InputError(f"the split list {path} names nobody")
    return list(people)


def convert(
    images: Sequence[ReleaseImage], val_list: Sequence[Listed], val_name: str | Path
) -> tuple[dict[str, list[dict]], Counter[tuple[str, str]]]:
    """Sort people into the splits.

    Of the training images, those in `val_list` go to val (in the list's order), the others to
    train, both to trainval; people of test images go to test.

    Args:
        images: As `read_release` gives them.
        val_list: As `read_split_list` gives it.
        val_name: What errors call the list.

    Returns:
        The people of each split, and how many were left out by (`"train"` or `"test"` images,
        reason).

    Raises:
        InputError: A listed person does not exist, belongs to a test image, has no annotated joint
            or cannot be cropped.
    """
    splits: dict[str, list[dict]] = {split: [] for split in SPLITS}
    val: dict[Listed, dict] = {}
    left_out: Counter[tuple[str, str]] = Counter()
    refused = dict.fromkeys(val_list, "not in the annotation file")
    people = [(image, person) for image in images for person in image.people]
    for image, person in people:
        key = (image.name, person.index)
        problem = _problem(image, person)
        if problem:
            left_out["train" if image.is_train else "test", problem] += 1
        elif not image.is_train:
            problem = "in a test image"
            splits["test"].append(_convert_person(image, person))
        else:
            converted = _convert_person(image, person)
            splits["trainval"].append(converted)
            if key not in refused:
                splits["train"].append(converted)
            elif key in val:
                problem = "in two images of that name"
            else:
                val[key] = converted
        if key in refused:
            refused[key] = problem
    if bad := {key: why for key, why in refused.items() if why}:
        raise InputError(_refusal(val_name, bad))
    splits["val"] = [val[key] for key in val_list]
    return splits, left_out


def write_splits(splits: Mapping[str, Sequence[dict]], out_dir: str | Path) -> None:
    """Write `mpii_{split}.json` into a folder, all of them or none.

    Raises:
        InputError: The folder cannot be written to.
    """
    out_dir = Path(out_dir).resolve()
    unfinished = out_dir.with_name(f".{out_dir.name}.{os.getpid()}.unfinished")
    try:
        unfinished.mkdir(parents=True)
        try:
            for split, people in splits.items():
                with open(unfinished / f"mpii_{split}.json", "w", encoding="utf-8") as file:
                    json.dump(people, file, allow_nan=False)
            if out_dir.exists():
                for path in unfinished.iterdir():
                    path.replace(out_dir / path.name)
            else:
                unfinished.replace(out_dir)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot write to {out_dir}: {error}") from error


def report(splits: Mapping[str, Sequence[dict]], left_out: Mapping[tuple[str, str], int]) -> str:
    """A plain text table of what the splits hold, then what was left out and why."""
    columns = ("people", "images", "joints", "visible", "occluded", "unknown", "head sizes")
    lines = [f"{'split':<9}" + "".join(f"{column:>11}" for column in columns)]
    for split, people in splits.items():
        flags = Counter(
            flag
            for person in people
            for flag, annotated in zip(person["visible"], person["joints_vis"], strict=True)
            if annotated
        )
        counts = (
            len(people),
            len({person["image"] for person in people}),
            flags.total(),
            flags[1],
            flags[0],
            flags[None],
            sum(bool(person["head_box"] or person.get("head_size")) for person in people),
        )
        lines.append(f"{split:<9}" + "".join(f"{count:>11,}" for count in counts))
    for (subset, reason), count in sorted(left_out.items()):
        lines.append(f"left out of the {subset} images: {count:,} {reason}")
    return "\n".join(lines)


def _problem(image: ReleaseImage, person: Person) -> str:
    """Why a person cannot be used, empty if it can."""
    if person.center is None or person.scale is None or person.scale <= 0:
        return NO_CROP
    if image.is_train and not person.joints:
        return "without an annotated joint"
    return ""


def _convert_person(image: ReleaseImage, person: Person) -> dict:
    joints = [person.joints.get(k) for k in range(NUM_JOINTS)]
    activity = image.activity
    return {
        "image": image.name,
        "center": person.center,
        "scale": person.scale,
        "joints": [(joint.x, joint.y) if joint else MISSING_JOINT for joint in joints],
        "joints_vis": [int(joint is not None) for joint in joints],
        "visible": [_flag(joint.visible) if joint else None for joint in joints],
        "head_box": person.head_box,
        "annolist_index": image.index,
        "person_index": person.index,
        "single_person": person.single_person,
        "activity": activity
        and {"category": activity.category, "name": activity.name, "id": activity.id},
    }


def _flag(visible: bool | None) -> int | None:
    return None if visible is None else int(visible)


def _refusal(val_name: str | Path, refused: Mapping[Listed, str], shown: int = 5) -> str:
    """The message about listed people who cannot be used."""
    examples = [f"{name} {index} ({why})" for (name, index), why in list(refused.items())[:shown]]
    more = f" and {len(refused) - shown} more" if len(refused) > shown else ""
    return (
        f"the split list {val_name} names people who cannot be used ({len(refused)}): "
        f"{', '.join(examples)}{more}; --val takes the list that belongs to the annotation file"
    )
