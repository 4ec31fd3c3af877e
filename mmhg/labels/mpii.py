"""Read labels of MPII: its `.mat`, files in MMPose's MPII format, or the authors' `.h5`.

A person's box is the square of side 200 x scale about the lowered center, of which the paper's crop
is made: it holds the whole person, also where few joints are annotated. People without center or
scale have none. Groups are MPII's videos, which only the `.mat` tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mmhg.datasets.body.mpii import MPIIPersonDataset, square_of
from mmhg.datasets.formats.mpii_h5 import read_mpii_h5
from mmhg.datasets.formats.mpii_json import read_mpii_json
from mmhg.datasets.formats.mpii_mat import NUM_JOINTS, read_release
from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST, read_split_list
from mmhg.datasets.people import AnnotatedPerson
from mmhg.datasets.plausible import problem_of
from mmhg.errors import InputError
from mmhg.labels.body import folder_of, has_variable, labeled_person, names_and_links
from mmhg.labels.json_head import json_head
from mmhg.labels.labels import LabeledObject, Labels
from mmhg.labels.listed import ListedImage, with_pictures
from mmhg.labels.pictures import Pictures, existing
from mmhg.utils.hdf5 import is_hdf5, read_hdf5

_NAMES = ("mpii_train.json", "mpii_val.json"), ("train.h5", "valid.h5")
"""Files of training and validation, in a folder without MPII's `.mat`."""


class _Listed(NamedTuple):
    """A person, and what its file says of its image."""

    person: AnnotatedPerson
    split: str | None
    group: str | None


def recognizes(path: Path) -> bool:
    """Tell if labels are of MPII."""
    try:
        if path.is_dir():
            return bool(_files(path))
        return has_variable(path, "RELEASE") or _is_json(path) or _is_h5(path)
    except (OSError, ValueError):
        return False


def read(path: Path, images: Path | None = None) -> Labels:
    """Read labels of MPII.

    Of the `.mat`, the training images are read; the official validation people's images validate.

    Args:
        path: A file, or a folder with MPII's `.mat`, with `mpii_train.json` and `mpii_val.json`, or
            with the authors' `train.h5` and `valid.h5`, also in a folder `annotations`.
        images: The folder of the pictures, if it is not `images` beside them.

    Raises:
        InputError: A file is not as expected, or pictures are missing.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} has no annotations of MPII")
    listed: dict[str, list[_Listed]] = {}
    left_out: Counter[str] = Counter()
    for file in files:
        people = _of_release(file) if file.suffix == ".mat" else _of_split(file, len(files) > 1)
        for one in people:
            listed.setdefault(one.person.image, []).append(one)
    root = images or (path if path.is_dir() else folder_of(path))
    notes: list[str] = []
    found = with_pictures(
        [_image(path, name, people, left_out) for name, people in listed.items()],
        Pictures(path, root, existing([root / "images", root])),
        notes,
    )
    notes += [f"{count:,} people are left out, {why}." for why, count in left_out.items()]
    return Labels(
        format="mpii",
        images=found,
        root=root,
        notes=notes,
        **names_and_links(MPIIPersonDataset.METAINFO),
    )


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder: MPII's `.mat`, else those of training and validation."""
    for place in (folder, folder / "annotations"):
        for file in sorted(place.glob("*.mat")):
            if has_variable(file, "RELEASE"):
                return [file]
        for names in _NAMES:
            found = [place / name for name in names if _is_json(place / name)]
            if found := found or [place / name for name in names if _is_h5(place / name)]:
                return found
    return []


def _is_json(path: Path) -> bool:
    opening, names, _ = json_head(path)
    return opening == "[" and {"image", "joints", "joints_vis", "center", "scale"} <= names


def _is_h5(path: Path) -> bool:
    if not path.is_file() or path.suffix != ".h5" or not is_hdf5(path):
        return False
    found = read_hdf5(path, ["part[0:1]", "normalize[0:1]", "person[0:1]"])
    return len(found) == 3 and found["part[0:1]"].shape == (1, NUM_JOINTS, 2)


def _of_release(file: Path) -> Iterator[_Listed]:
    """Yield the people of MPII's training images."""
    images = [image for image in read_release(file) if image.is_train]
    listed = {name for name, _ in read_split_list(OFFICIAL_VAL_LIST)}
    split = bool(listed & {image.name for image in images})
    for image in images:
        side = ("val" if image.name in listed else "train") if split else None
        group = None if image.video is None else f"video {image.video}"
        for person in image.people:
            yield _Listed(person, side, group)


def _of_split(file: Path, split: bool) -> Iterator[_Listed]:
    """Yield the people of a file of one split, which its name tells if there are others."""
    people = read_mpii_h5(file) if file.suffix == ".h5" else read_mpii_json(str(file))
    side = "val" if "val" in file.stem else "train"
    for person in people:
        yield _Listed(person, side if split else None, None)


def _image(path: Path, name: str, people: list[_Listed], left_out: Counter[str]) -> ListedImage:
    """Return an image; if one of its people is for validation, it validates."""
    objects: list[LabeledObject] = []
    for number, (person, _, _) in enumerate(people, start=1):
        problem = problem_of(person)
        if problem or not person.annotated.any():
            left_out[f"who have {problem[0]}" if problem else "who have no annotated joint"] += 1
            continue
        square = square_of(person)
        box = None if square is None else square[0]
        objects.append(labeled_person(person, box, f"person {person.person_index or number}"))
    splits = {one.split for one in people}
    return ListedImage(
        names=[name],
        where=f"{path}: {name}",
        objects=objects,
        split="val" if "val" in splits else people[0].split,
        group=people[0].group,
    )
