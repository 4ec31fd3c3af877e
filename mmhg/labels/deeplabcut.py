"""Read the labels of DeepLabCut: a project, the folder of one of its videos, or one file.

A frame's picture is looked for by the name that the file has, and beside the file. Groups are the
videos' folders. DeepLabCut's pixels are 0-based.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mmhg.datasets.deeplabcut import Animals, read_labels
from mmhg.datasets.deeplabcut_h5 import KEYS
from mmhg.errors import InputError
from mmhg.labels.labels import LabeledImage, LabeledObject, Labels
from mmhg.labels.listed import ListedImage, with_pictures
from mmhg.labels.pictures import Pictures
from mmhg.utils.hdf5 import is_hdf5, read_hdf5
from mmhg.utils.yaml_file import read_yaml

_FILES = ("labeled-data/*/CollectedData_*", "*/CollectedData_*", "CollectedData_*")
"""Say where labels are below a project, below its `labeled-data`, and in a video's folder."""

_SUFFIXES = (".csv", ".h5")
"""The first is read where both are, which DeepLabCut always writes."""

_HEAD = 1 << 14
"""Bytes of a CSV file that are looked at: of the row of scorers, ten bytes a column."""

_UNIQUE = "single"
"""Say what DeepLabCut calls the individual of body parts that belong to no animal."""


def recognizes(path: Path) -> bool:
    """Tell if labels are of DeepLabCut: a folder with its files, or one of them."""
    try:
        if path.is_dir():
            return bool(_files(path))
        return path.is_file() and (_is_csv(path) or _is_h5(path))
    except (OSError, ValueError):
        return False


def read(path: Path, images: Path | None = None) -> Labels:
    """Read labels of DeepLabCut.

    The project's `config.yaml` says the body parts, their order and the skeleton. Body parts that
    it does not name are left out, as DeepLabCut does; without it all files must have the same.

    Args:
        path: The project's folder, `labeled-data`, a video's folder, or a `CollectedData_*` file.
        images: The folder of the pictures, where they are elsewhere.

    Raises:
        InputError: There are no labels, a file has another form, two label the same frame, or a
            picture is missing or cannot be read.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} has no {_FILES[0]}. Give the folder of a DeepLabCut project")
    notes: list[str] = []
    config = _config(path, notes)
    files = _of_scorer(files, config.get("scorer"), notes)
    tables = {file: read_labels(file) for file in files}
    names = _body_parts(tables, config, notes)
    root = images or (path if path.is_dir() else path.parent)
    frames: dict[str, ListedImage] = {}
    for file, (parts, labeled) in tables.items():
        order = [parts.index(name) if name in parts else -1 for name in names]
        for frame, animals in labeled.items():
            one = _listed(file, frame, animals, order)
            if (other := frames.setdefault(one.names[0], one)) is not one:
                raise InputError(f"{one.where} is labeled a second time, before in {other.where}")
    found = with_pictures(list(frames.values()), Pictures(path, root), notes)
    _check_folders(frames, found)
    return Labels(
        format="deeplabcut",
        keypoints=names,
        images=found,
        root=root,
        category="animal",
        skeleton=_skeleton(config.get("skeleton"), names),
        notes=notes,
    )


def _files(folder: Path) -> list[Path]:
    """Return the files of labels, one of each name."""
    for pattern in _FILES:
        found = [file for suffix in _SUFFIXES for file in folder.glob(pattern + suffix)]
        files = {file.with_suffix(""): file for file in reversed(found) if file.is_file()}
        if files:
            return [files[name] for name in sorted(files)]
    return []


def _is_csv(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD).replace(b"\0", b"").lower()  # of UTF-16
    return b"scorer" in head[:40] and b"bodyparts" in head and b"coords" in head


def _is_h5(path: Path) -> bool:
    if path.suffix != ".h5" or not is_hdf5(path):
        return False
    found = read_hdf5(path, [f"{key}@pandas_type" for key in KEYS])
    return any(kind.tolist() in (b"frame", b"frame_table") for kind in found.values())


def _config(path: Path, notes: list[str]) -> dict[str, Any]:
    """Return the project's settings, empty where there are none that can be read."""
    folder = path if path.is_dir() else path.parent
    files = (parent / "config.yaml" for parent in (folder, *folder.absolute().parents[:2]))
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return {}
    try:
        content = read_yaml(file)
    except InputError as error:
        notes.append(f"The body parts are those of the files, in their order, since {error}.")
        return {}
    return content if isinstance(content, dict) else {}


def _of_scorer(files: list[Path], scorer: Any, notes: list[str]) -> list[Path]:
    """Leave out the files of other scorers, in folders that have one of the project's."""
    own = {file.parent: file for file in files if file.stem == f"CollectedData_{scorer}"}
    others = [file for file in files if own.get(file.parent, file) != file]
    if others:
        notes.append(
            f"{len(others)} files of other scorers than {scorer} are left out, such as {others[0]}."
        )
    return [file for file in files if file not in others]


def _body_parts(
    tables: dict[Path, tuple[list[str], dict[str, Animals]]],
    config: dict[str, Any],
    notes: list[str],
) -> list[str]:
    """Return the keypoints' names."""
    found = list(dict.fromkeys(chain.from_iterable(parts for parts, _ in tables.values())))
    several = bool(config.get("multianimalproject"))
    listed = _names(config.get("multianimalbodyparts")) if several else []
    listed = listed or _names(config.get("bodyparts"))
    unique = _names(config.get("uniquebodyparts")) if several else _unique(tables)
    if not set(listed) & set(found):  # there is no list, or of another project
        first, (names, _) = next(iter(tables.items()))
        for file, (parts, _) in tables.items():
            if set(parts) != set(names):
                raise InputError(
                    f"{file} has the body parts {parts}, {first} has {names}. The project's "
                    "config.yaml must list those to use"
                )
        listed = found
    names = [name for name in listed if name in found and name not in unique]
    if unique := [name for name in found if name in unique]:
        notes.append(f"Body parts that belong to no animal are left out: {', '.join(unique)}.")
    if others := [name for name in found if name not in listed and name not in unique]:
        notes.append(
            f"Body parts that config.yaml does not list are left out: {', '.join(others)}."
        )
    if absent := [name for name in listed if name not in found]:
        notes.append(f"config.yaml lists body parts that no file has: {', '.join(absent)}.")
    if not names:
        raise InputError(f"{next(iter(tables))} has no body parts of animals, but {found}")
    return names


def _unique(tables: dict[Path, tuple[list[str], dict[str, Animals]]]) -> set[str]:
    """Return body parts that are labeled for the individual `single` alone, beside animals."""
    of_animals: set[str] = set()
    of_none: set[str] = set()
    for parts, frames in tables.values():
        for who, keypoints in chain.from_iterable(animals.items() for animals in frames.values()):
            labeled = {parts[index] for index in np.flatnonzero(np.isfinite(keypoints[:, 0]))}
            (of_none if who == _UNIQUE else of_animals).update(labeled)
    return of_none - of_animals if of_animals else set()


def _listed(file: Path, frame: str, animals: Animals, order: list[int]) -> ListedImage:
    """Return an image with its objects, keypoints in the order of columns (-1: there is none)."""
    objects = []
    for who, keypoints in animals.items():
        chosen = np.vstack([keypoints, [[np.nan, np.nan]]])[order]
        if np.isfinite(chosen).any():
            hidden = np.zeros(len(order), bool)
            objects.append(LabeledObject(keypoints=chosen, hidden=hidden, id=who))
    picture = PurePosixPath(frame)
    beside = f"labeled-data/{file.parent.name}/{picture.name}"
    return ListedImage(
        names=list(dict.fromkeys([frame if picture.parent.name else beside, beside])),
        where=f"{file}: {frame}",
        objects=objects,
        group=picture.parent.name or file.parent.name,
    )


def _check_folders(frames: dict[str, ListedImage], found: list[LabeledImage]) -> None:
    """Refuse a picture of another video's folder: frames of all videos have the same names."""
    if len({image.group for image in found}) == 1:
        return
    for one, image in zip(frames.values(), found, strict=True):
        if image.path.parent.name not in {PurePosixPath(name).parent.name for name in one.names}:
            raise InputError(
                f"{one.where}: its picture is missing, and {image.path} is another video's. Give "
                "the folder that has the videos' folders by --images"
            )


def _names(value: Any) -> list[str]:
    """Return the texts of a list; of anything else, as `MULTI!`, none."""
    items: Iterable[Any] = value if isinstance(value, list) else ()
    return list(dict.fromkeys(item for item in items if isinstance(item, str)))


def _skeleton(links: Any, names: list[str]) -> list[tuple[int, int]]:
    """Return pairs of indices of a list of pairs, or chains, of names."""
    links = links if isinstance(links, list) else []
    pairs = chain.from_iterable(pairwise(_names(link)) for link in links)
    return [
        (names.index(start), names.index(end))
        for start, end in pairs
        if start in names and end in names
    ]
