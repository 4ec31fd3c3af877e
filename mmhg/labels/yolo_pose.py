"""Read YOLO-pose folders of Ultralytics: `data.yaml`, and a text file for each picture.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.labels import MOST_KEYPOINTS, LabeledObject, Labels, check_names
from mmhg.labels.listed import ListedImage, with_pictures
from mmhg.labels.numbers import finite, shown
from mmhg.labels.pictures import Pictures, existing, is_picture
from mmhg.labels.skeleton import skeleton_pairs
from mmhg.utils.files import read_bytes
from mmhg.utils.inside import is_inside
from mmhg.utils.yaml_file import LARGEST_YAML, read_yaml

_STATED = [
    re.compile(rb"(?:^|[{,])[ \t]*[\"']?(?:" + names + rb")[\"']?[ \t]*:", re.MULTILINE)
    for names in (b"kpt_shape", b"train|val|valid")
]
"""Say what a file of data has; Ultralytics's files of networks have the first alone."""
_MOST_FILES = 50
"""YAML files of a folder that are looked at."""

_FARTHEST = 2.0
"""A share of a picture's sides that no place in it or near it has; px are larger."""


def recognizes(path: Path) -> bool:
    """Tell if this is a YAML file with `kpt_shape`, or a folder with one."""
    return bool(_files(path))


def read(path: Path, images: Path | None = None) -> Labels:
    """Read a folder, or its `data.yaml`.

    Pictures without a text file have no objects. The pictures of `test` are left out.

    Args:
        path: The folder or the YAML file.
        images: The folder that `train` and `val` are below, where that is not the YAML file's.

    Raises:
        InputError: A file cannot be used, or pictures are missing. Names the file and the line.
    """
    file = _yaml_file(path)
    settings = _Settings.read(file)
    root, notes = _root(file, settings.path, images, settings.entries), settings.notes
    if images is None and settings.path and not _is_same(file.parent / settings.path, root):
        notes.append(f"{file.name} gives {settings.path!r} as path: {root} is taken instead.")
    listed = _listed(file, root, settings)
    found = with_pictures(listed, Pictures(file, root), notes)
    used = sorted(settings.used)
    if len(used) > 1:
        called = ", ".join(settings.class_name(number) for number in used)
        notes.append(f"The classes {called} have the same keypoints, and are one here.")
    if settings.flags == {0, 1} or settings.flags == {1}:
        notes.append(
            "No keypoint has flag 2: those of flag 1 are taken as labeled and hidden, as "
            "Ultralytics defines it."
        )
    return Labels(
        format="yolo_pose",
        keypoints=settings.keypoints,
        images=found,
        root=root,
        category=settings.class_name(used[0]) if len(used) == 1 else "object",
        skeleton=skeleton_pairs(settings.skeleton, len(settings.keypoints), None, notes),
        flip_pairs=settings.flip_pairs,
        notes=notes,
    )


def _files(path: Path) -> list[Path]:
    """Return the YAML files of a path that state `kpt_shape`; nothing is raised."""
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files = [one for one in inside if one.suffix.lower() in (".yaml", ".yml") and one.is_file()]
        found = []
        for file in files[:_MOST_FILES]:
            with file.open("rb") as opened:
                head = opened.read(LARGEST_YAML)
            if all(stated.search(head) for stated in _STATED):
                found.append(file)
    except (OSError, ValueError):
        return []
    return found


def _yaml_file(path: Path) -> Path:
    """Return the YAML file of a path."""
    if not path.is_dir():
        return path
    files = _files(path)
    files = [file for file in files if file.stem == "data"] or files
    if len(files) == 1:
        return files[0]
    if files:
        raise InputError(
            f"{path} has several YAML files with kpt_shape: "
            f"{', '.join(one.name for one in files)}. Give one of them"
        )
    raise InputError(
        f"{path} has no data.yaml with kpt_shape, the number of keypoints and 2 or 3: "
        "kpt_shape: [17, 3]"
    )


@dataclass
class _Settings:
    """Say what a YAML file says.

    Args:
        path: `path`; empty if there is none.
        entries: Folders and lists of pictures, by `"train"` and `"val"`.
        dimensions: 2 for x and y, 3 for a flag too.
        keypoints: Their names.
        flip_pairs: As in `Labels`.
        names: Of the classes, by number.
        skeleton: As the file has it.
        notes: As in `Labels`.
        used: The classes that objects have.
        flags: That keypoints have.
    """

    path: str
    entries: dict[str, list[str]]
    dimensions: int
    keypoints: list[str]
    flip_pairs: list[tuple[int, int]] | None
    names: dict[int, str]
    skeleton: Any = None
    notes: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    flags: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, file: Path) -> _Settings:
        """Read and check a file."""
        content = read_yaml(file)
        if not isinstance(content, dict):
            raise InputError(f"{file} must have settings by name, got {shown(content)}")
        shape = content.get("kpt_shape")
        count, dimensions = shape if isinstance(shape, list) and len(shape) == 2 else (0, 0)
        if type(count) is not int or not 1 <= count <= MOST_KEYPOINTS or dimensions not in (2, 3):
            raise InputError(
                f"{file}: kpt_shape must be the number of keypoints and 2 or 3, such as [17, 3], "
                f"got {shown(shape)}"
            )
        notes: list[str] = []
        names = _keypoint_names(file, content.get("kpt_names"), count, notes)
        check_names(file, names)
        entries = {
            split: _texts(file, split, content.get(split)) for split in ("train", "val", "test")
        }
        if not entries["val"]:
            entries["val"] = _texts(file, "valid", content.get("valid"))
        if entries.pop("test"):
            notes.append(f"The pictures that {file.name} has for test are left out.")
        if not any(entries.values()):
            raise InputError(f"{file} must name the pictures for train or val")
        path = content.get("path")
        return cls(
            path=path if isinstance(path, str) else "",
            entries=entries,
            dimensions=dimensions,
            keypoints=names,
            flip_pairs=_flip_pairs(file, content.get("flip_idx"), count),
            names=_class_names(content.get("names")),
            skeleton=content.get("skeleton"),
            notes=notes,
        )

    def class_name(self, number: int) -> str:
        """Return what the objects of a class are called."""
        return self.names.get(number, f"class {number}" if self.names else "object")


def _keypoint_names(file: Path, given: Any, count: int, notes: list[str]) -> list[str]:
    """Return the names in `kpt_names`, which has a list for each class or one list."""
    lists = list(given.values()) if isinstance(given, dict) else [given]
    if not lists or lists == [None]:
        notes.append(
            f"{file.name} does not name the keypoints (kpt_names): they are called keypoint_1 to "
            f"keypoint_{count}."
        )
        return [f"keypoint_{number}" for number in range(1, count + 1)]
    for names in lists:
        if not isinstance(names, list) or not all(type(name) in (str, int) for name in names):
            raise InputError(f"{file}: kpt_names must be a list of names, got {shown(names)}")
        if len(names) != count:
            raise InputError(f"{file}: kpt_names has {len(names)} names for {count} keypoints")
        if names != lists[0]:
            raise InputError(f"{file}: kpt_names must be the same for all classes")
    return [name if isinstance(name, str) else shown(name) for name in lists[0]]


def _flip_pairs(file: Path, given: Any, count: int) -> list[tuple[int, int]] | None:
    """Return the pairs in `flip_idx`, which has the keypoint that takes the place of each."""
    if given in (None, []):
        return None
    if (
        not isinstance(given, list)
        or not all(type(one) is int for one in given)
        or sorted(given) != list(range(count))
        or any(given[other] != one for one, other in enumerate(given))
    ):
        raise InputError(
            f"{file}: flip_idx must have for each of {count} keypoints, counted from 0, the one "
            f"that it changes places with, got {shown(given)}"
        )
    return [(one, other) for one, other in enumerate(given) if one < other]


def _class_names(given: Any) -> dict[int, str]:
    if not isinstance(given, dict | list):
        return {}
    pairs = given.items() if isinstance(given, dict) else enumerate(given)
    return {number: name if isinstance(name, str) else shown(name) for number, name in pairs}


def _texts(file: Path, name: str, given: Any) -> list[str]:
    """Return the folders and files of a split."""
    some = given if isinstance(given, list) else [] if given in (None, "") else [given]
    if not all(isinstance(one, str) and one for one in some):
        raise InputError(
            f"{file}: {name} must be a folder, a list file or a list, got {shown(given)}"
        )
    return some


def _root(file: Path, path: str, images: Path | None, entries: dict[str, list[str]]) -> Path:
    """Return the folder that `train` and `val` are below.

    That of the file itself, unless `path` names one inside of it: what another machine or a
    downloaded file says of other folders is not followed.
    """
    if images is not None:
        return images
    home = file.parent
    inner = os.path.abspath(home / path)
    if path and is_inside(inner, [os.path.abspath(home)]) and os.path.isdir(inner):
        return home / path
    if any(_inside(home, one) for some in entries.values() for one in some) or not path:
        return home
    name = re.split(r"[/\\]+", path.rstrip("/\\"))[-1]
    if name not in ("", ".", "..") and (home / name).is_dir():
        return home / name
    raise InputError(
        f"{file} gives {path!r:.200} as path, and {home} has no {next(iter(_all(entries)))}. Give "
        "the folder of the data by --images"
    )


def _all(entries: dict[str, list[str]]) -> Iterator[str]:
    return (one for some in entries.values() for one in some)


def _is_same(one: Path, other: Path) -> bool:
    return os.path.abspath(one) == os.path.abspath(other)


def _inside(root: Path, entry: str) -> Path | None:
    """Return the file or folder of an entry below a folder; None if there is none.

    Leading `..` and folders that are not there are dropped: Roboflow writes `../train/images` for
    `train/images`, and others write absolute paths.
    """
    parts = [part for part in re.split(r"[/\\]+", entry) if part not in ("", ".")]
    while ".." in parts:
        parts = parts[parts.index("..") + 1 :]
    parts = [part for part in parts if not part.endswith(":")]
    if not parts:
        return root
    for start in range(len(parts)):
        try:
            if (path := root.joinpath(*parts[start:])).exists():
                return path
        except (OSError, ValueError):
            continue
    return None


def _listed(file: Path, root: Path, settings: _Settings) -> list[ListedImage]:
    """Return all pictures with what their text files say."""
    of_split = {
        split: list(dict.fromkeys(_pictures(file, root, entries)))
        for split, entries in settings.entries.items()
    }
    train, val = set(of_split["train"]), set(of_split["val"])
    splits: dict[str, str | None] = dict.fromkeys(of_split["train"], "train")
    splits |= {path: "val" for path in of_split["val"] if path not in train}
    if train == val or len({*splits.values()}) < 2:
        splits = dict.fromkeys(splits)
    if train == val:
        settings.notes.append(f"{file.name} has the same pictures for train and for val.")
    elif both := train & val:
        settings.notes.append(f"{len(both)} pictures are for train and for val: train has them.")
    rooted = os.path.abspath(root)
    texts = {path: _text_file(rooted, os.path.abspath(path)) for path in splits}
    if not any(map(os.path.isfile, texts.values())):
        raise InputError(
            f"{file}: none of {len(texts)} pictures has labels. Looked for example for "
            f"{next(iter(texts.values()))}"
        )
    _note_unused(settings, set(texts.values()))
    return [
        ListedImage(
            names=[os.path.relpath(path, root)],
            where=path,
            objects=_objects(texts[path], settings) if os.path.isfile(texts[path]) else [],
            shares=True,
            split=split,
        )
        for path, split in splits.items()
    ]


def _pictures(file: Path, root: Path, entries: list[str]) -> Iterator[str]:
    """Yield the pictures of a split's folders and list files."""
    for entry in entries:
        place = _inside(root, entry)
        if place is None:
            raise InputError(
                f"{file} names {entry!r:.200}, which {root} does not have. Give the folder that "
                "has it by --images"
            )
        if place.is_dir():
            found = [
                os.path.join(folder, name)
                for folder, _, names in os.walk(place)
                for name in names
                if is_picture(name)
            ]
            if not found:
                raise InputError(f"{file} names {entry!r:.200}, a folder without pictures")
            yield from sorted(found)
        else:
            yield from _list_file(place, root)


def _list_file(file: Path, root: Path) -> list[str]:
    """Return the pictures that a text file lists, one a line."""
    try:
        lines = read_bytes(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{file} must list pictures, one a line: {error}") from error
    names = [[name] for name in dict.fromkeys(map(str.strip, lines)) if name]
    folders = existing([file.parent, root])
    return [str(path) for path in Pictures(file, root, folders).find(names)]


def _text_file(root: str, picture: str) -> str:
    """Return the text file of a picture: that in `labels` for one in the last `images`."""
    inner = os.path.relpath(picture, root).split(os.sep)
    places = [number for number, part in enumerate(inner[:-1]) if part == "images"]
    if places:
        inner[places[-1]] = "labels"
    elif os.path.basename(root) == "images":
        return os.path.splitext(os.path.join(os.path.dirname(root), "labels", *inner))[0] + ".txt"
    return os.path.splitext(os.path.join(root, *inner))[0] + ".txt"


def _note_unused(settings: _Settings, used: set[str]) -> None:
    """Say how many text files have no picture."""
    unused = 0
    for folder in {os.path.dirname(path) for path in used}:
        if os.path.basename(folder) and os.path.isdir(folder) and "labels" in folder.split(os.sep):
            texts = [os.path.join(folder, one) for one in os.listdir(folder) if _is_label(one)]
            unused += len([one for one in texts if one not in used])
    if unused:
        settings.notes.append(f"{unused} text files of labels have no picture, and are left out.")


def _is_label(name: str) -> bool:
    return name.endswith(".txt") and not name.startswith((".", "classes.", "notes."))


def _objects(file: str, settings: _Settings) -> list[LabeledObject]:
    """Return the objects of a text file, in shares of the picture."""
    try:
        lines = read_bytes(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not text: {error}") from error
    return [
        _object(f"{file}, line {number}", cells, settings)
        for number, line in enumerate(lines, start=1)
        if (cells := line.split())
    ]


def _object(where: str, cells: list[str], settings: _Settings) -> LabeledObject:
    count, dimensions = len(settings.keypoints), settings.dimensions
    if len(cells) != 5 + count * dimensions:
        raise InputError(
            f"{where} has {len(cells)} numbers, not {5 + count * dimensions}: class, x, y, width, "
            f"height, and {dimensions} for each of {count} keypoints (kpt_shape)"
        )
    numbers = [finite(cell, f"{where}: number {n}") for n, cell in enumerate(cells, start=1)]
    category = int(numbers[0])
    if (
        category != numbers[0]
        or category < 0
        or (settings.names and category not in settings.names)
    ):
        raise InputError(f"{where}: {cells[0]} is none of the classes (names)")
    settings.used.add(category)
    x, y, width, height = numbers[1:5]
    points = np.array(numbers[5:]).reshape(count, dimensions)
    farthest = max(np.abs(points[:, :2]).max(), *map(abs, numbers[1:5]))
    if farthest > _FARTHEST or min(width, height) < 0:
        raise InputError(
            f"{where} must have shares of the picture's width and height, 0 to 1, and got "
            f"{farthest if farthest > _FARTHEST else min(width, height):g}"
        )
    if dimensions == 3:
        flags = points[:, 2]
        if not np.isin(flags, (0, 1, 2)).all():
            odd = flags[~np.isin(flags, (0, 1, 2))][0]
            raise InputError(f"{where}: flags of keypoints must be 0, 1 or 2, got {odd:g}")
        settings.flags |= {int(flag) for flag in flags}
    else:
        flags = np.where(points.any(axis=1), 2, 0)
    box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return LabeledObject(
        keypoints=np.where(flags[:, None] > 0, points[:, :2], np.nan),
        hidden=flags == 1,
        box=box if width > 0 < height else None,
        id=os.path.basename(where),
    )
