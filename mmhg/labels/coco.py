"""Read keypoints in COCO's format, as CVAT, Label Studio, Roboflow, SLEAP and others export them.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.json_head import json_head
from mmhg.labels.labels import LabeledImage, LabeledObject, Labels
from mmhg.labels.listed import ListedImage, with_pictures
from mmhg.labels.pictures import Pictures, existing, is_picture
from mmhg.labels.skeleton import skeleton_pairs
from mmhg.labels.splits import split_of
from mmhg.utils.coco_file import read_coco

Entry = dict[str, Any]

_MOST_FILES = 100
"""JSON files of a folder that are looked at."""


def recognizes(path: Path) -> bool:
    """Tell if this is a file in COCO's format, or a folder with some in `annotations`."""
    return bool(_files(path))


def read(path: Path, images: Path | None = None) -> Labels:
    """Read a file of keypoints, or all such files of a folder.

    Args:
        path: The file; or a folder that has such files itself, in `annotations`, or in a folder for
            each split, as Roboflow exports it. Where their names tell the splits, those of
            training and validation are read.
        images: The folder of the pictures. By default they are looked for beside the file.

    Raises:
        InputError: The files cannot be used, or pictures are missing.
    """
    files = _files(path) or [path]  # a file that is not recognized gets its error from read_coco
    notes: list[str] = []
    if path.is_dir():
        files = _of_keypoints(path, files, notes)
    read = [_File.read(file) for file in files]
    if path.is_dir():
        read = [one for one in read if one.keypoints] or read[:1]
    first = read[0]
    for one in read:
        if not one.keypoints:
            raise InputError(f"{one.path} has no annotation with keypoints, only boxes or masks")
        if one.keypoints != first.keypoints:
            raise InputError(
                f"{one.path} has the keypoints {', '.join(one.keypoints)}, but {first.path} has "
                f"{', '.join(first.keypoints)}. Give one of the files"
            )
    splits = [split_of(_split_name(one.path)) if len(read) > 1 else None for one in read]
    found: list[LabeledImage] = []
    where: dict[Path, Path] = {}
    for one, split in zip(read, splits, strict=True):
        for image in with_pictures(one.listed(split), _pictures(one.path, images), notes):
            if image.path in where:
                raise InputError(
                    f"{one.path} and {where[image.path]} both list {image.path}. Give one of them"
                )
            where[image.path] = one.path
            found.append(image)
        notes += one.notes
    return Labels(
        format="coco",
        keypoints=first.keypoints,
        images=found,
        root=images or _base(path if path.is_dir() else path.parent),
        category=first.category,
        skeleton=first.skeleton,
        notes=list(dict.fromkeys(notes)),
    )


def _files(path: Path) -> list[Path]:
    """Return the files in COCO's format of a path; nothing is raised."""
    try:
        if not path.is_dir():
            return [path] if _is_coco(path) else []
        patterns = ("annotations/*.json", "*.json", "*/_annotations.coco.json")
        files = [file for pattern in patterns for file in sorted(path.glob(pattern))]
    except (OSError, ValueError):
        return []
    return [file for file in files[:_MOST_FILES] if _is_coco(file)]


def _is_coco(path: Path) -> bool:
    opening, names, _ = json_head(path)
    return opening == "{" and (
        "images" in names or ("annotations" in names and "data" not in names)
    )


def _of_keypoints(folder: Path, files: list[Path], notes: list[str]) -> list[Path]:
    """Choose from a folder's files: those called after keypoints, and after training or validation.

    COCO's own folder has files of captions and of masks too, which take minutes to read.
    """
    chosen = [file for file in files if "keypoint" in file.name.lower()] or files
    split = [file for file in chosen if split_of(_split_name(file)) in ("train", "val")]
    chosen = split or chosen
    if left := [str(file.relative_to(folder)) for file in files if file not in chosen]:
        notes.append(f"Of {folder.name} these files are left out: {', '.join(left[:10])}.")
    return chosen


def _split_name(file: Path) -> str:
    """Return the name that may tell a file's split: its own, or Roboflow's folder."""
    return file.parent.name if file.name == "_annotations.coco.json" else file.stem


def _base(folder: Path) -> Path:
    """Return the folder of a dataset by that of its annotations."""
    inner = folder.name.lower() in ("annotations", "annotation", "labels", "json")
    return folder.parent if inner else folder


def _pictures(file: Path, images: Path | None) -> Pictures:
    """Return where a file's pictures are: in a folder of its split alone, if there is one."""
    base = images or _base(file.parent)
    inner = existing([base / "images", base])
    children = [child for folder in inner for child in sorted(folder.iterdir()) if child.is_dir()]
    split = split_of(_split_name(file))
    of_split = [child for child in children if split and split_of(child.name) == split]
    if of_split := [child for child in of_split if _has_pictures(child)]:
        return Pictures(file, base, sorted(of_split, key=lambda child: child.name not in file.stem))
    words = re.split(r"[\W_]+", file.stem)
    named = [child for child in children if child.name in words]
    beside = [] if images else existing([file.parent / "images", file.parent])
    return Pictures(file, base, list(dict.fromkeys([*named, *beside, *inner])) or [base])


def _has_pictures(folder: Path) -> bool:
    return any(one.is_dir() or is_picture(one.name) for one in folder.iterdir())


@dataclass
class _File:
    """A checked file.

    Args:
        path: The file.
        content: As `read_coco` returns it.
        keypoints: The names of its keypoints; none if it has no keypoints.
        categories: The ids of the categories that are read.
        category: What an object is called.
        skeleton: Pairs of indices.
        notes: As in `Labels`.
    """

    path: Path
    content: Entry
    keypoints: list[str] = field(default_factory=list)
    categories: set[int] = field(default_factory=set)
    category: str = "object"
    skeleton: Sequence[tuple[int, int]] = ()
    notes: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> _File:
        """Read a file, and choose the categories that have keypoints."""
        content = read_coco(path, boxes_needed=False)
        one = cls(path, content)
        counts = Counter(
            entry["category_id"]
            for entry in content.get("annotations", [])
            if entry.get("keypoints") and any(entry["keypoints"][2::3])
        )
        categories = {entry["id"]: entry for entry in content.get("categories") or []}
        if not counts:
            return one
        lengths = {
            entry["category_id"]: len(entry["keypoints"]) // 3
            for entry in content["annotations"]
            if entry.get("keypoints")
        }
        names = {
            number: _names(path, categories.get(number, {}), lengths[number]) for number in counts
        }
        if len({tuple(some) for some in names.values()}) > 1:
            called = ", ".join(_called(categories.get(number, {}), number) for number in counts)
            raise InputError(
                f"{path} has categories with different keypoints: {called}. One network learns one "
                "set of keypoints: leave one of them in the file's categories and annotations"
            )
        chosen = max(counts, key=lambda number: counts[number])
        one.categories = set(counts)
        one.keypoints = names[chosen]
        if len(counts) > 1:
            called = ", ".join(_called(categories.get(number, {}), number) for number in counts)
            one.notes.append(f"The categories {called} have the same keypoints, and are one here.")
        else:
            one.category = _called(categories.get(chosen, {}), chosen)
        if not categories.get(chosen, {}).get("keypoints"):
            one.notes.append(
                f"{path.name} does not name its keypoints: they are called keypoint_1 to "
                f"keypoint_{len(one.keypoints)}."
            )
        edges = categories.get(chosen, {}).get("skeleton")
        one.skeleton = skeleton_pairs(edges, len(one.keypoints), 1, one.notes)
        return one

    def listed(self, split: str | None) -> list[ListedImage]:
        """Return the file's images with their objects."""
        images = self.content["images"]
        entries = self.content.get("annotations", [])
        chosen = [one for one in entries if one["category_id"] in self.categories]
        crowds = [one for one in chosen if one["iscrowd"]]
        named = f"of {self.path.name}"
        self._count(len(entries) - len(chosen), f"annotations {named} are of other categories")
        self._count(len(crowds), f"annotations {named} are crowds (iscrowd)")
        objects: dict[int, list[LabeledObject]] = defaultdict(list)
        unflagged = boxless = 0
        for one in chosen:
            if not one["iscrowd"]:
                labeled = _object(one)
                if labeled.labeled.any() or labeled.box is not None:
                    objects[one["image_id"]].append(labeled)
                points = np.reshape(one["keypoints"], (-1, 3))
                unflagged += int(((points[:, 2] == 0) & points[:, :2].any(axis=1)).sum())
                boxless += "bbox" in one and labeled.box is None
        self._count(unflagged, f"keypoints {named} have a place, but flag 0 (not labeled)")
        self._count(boxless, f"boxes {named} have no width or no height")
        return [
            ListedImage(
                names=[_file_name(self.path, image)],
                where=f"{self.path}: image {image['id']} ({image['file_name']})",
                objects=objects[image["id"]],
                size=(
                    (float(image["width"]), float(image["height"]))
                    if {"width", "height"} <= image.keys()
                    else None
                ),
                split=split,
            )
            for image in images
        ]

    def _count(self, number: int, what: str) -> None:
        if number:
            self.notes.append(f"{number} {what}. They are left out.")


def _object(one: Entry) -> LabeledObject:
    points = np.reshape(np.array(one["keypoints"], float), (-1, 3))
    keypoints = np.where(points[:, 2:] > 0, points[:, :2], np.nan)
    x, y, width, height = one.get("bbox", (0, 0, 0, 0))
    area = one.get("area")
    return LabeledObject(
        keypoints=keypoints,
        hidden=points[:, 2] == 1,
        box=np.array([x, y, x + width, y + height], float) if width > 0 < height else None,
        area=float(area) if area and area > 0 else None,
        id=f"annotation {one['id']}",
    )


def _names(path: Path, category: Entry, count: int) -> list[str]:
    """Return the names of a category's keypoints."""
    names = category.get("keypoints")
    if not names:
        return [f"keypoint_{number}" for number in range(1, count + 1)]
    called = _called(category, category["id"])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise InputError(f"{path}: keypoints of category {called} must be a list of names")
    if len(set(names)) < len(names):
        twice = next(name for name, times in Counter(names).items() if times > 1)
        raise InputError(f"{path}: category {called} has two keypoints called {twice!r}")
    if len(names) != count:
        raise InputError(
            f"{path}: category {called} names {len(names)} keypoints, but its annotations have "
            f"{count}"
        )
    return names


def _called(category: Entry, number: int) -> str:
    return str(category.get("name") or number)


def _file_name(path: Path, image: Entry) -> str:
    if "file_name" not in image:
        raise InputError(f"{path}: image {image['id']} lacks file_name. Add it")
    return str(image["file_name"])
