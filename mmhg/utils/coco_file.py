"""Read annotation files in COCO's format, checked: all that trains or scores on one reads it here.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmhg.errors import InputError
from mmhg.utils.bounds import IMAGE_SIDES, LARGEST_COORDINATE
from mmhg.utils.files import read_json

Entry = dict[str, Any]

AREA_PER_BOX = 0.53
"""A person's area over the box's, as MMPose estimates it."""


def read_coco(path: str | Path, *, boxes_needed: bool = True) -> Entry:
    """Read a file in COCO's format.

    What no reader of COCO's files can use is refused. What is missing and has one meaning is added:
    `iscrowd` 0, `num_keypoints` by the flags, no keypoints for annotations without any. Three
    things are left out, and said in a warning: annotations of images that the file does not list, a
    `num_keypoints` that differs from the flags, and people without a box with an area inside of the
    image. No dataset can crop these, so that they become crowds, which are neither trained on nor
    count as found or missed.

    Args:
        path: The file.
        boxes_needed: False keeps people without such a box as they are, for whoever makes boxes.

    Returns:
        The content: `images`, and, where the file has them, `annotations` and `categories`. An
        image may lack `file_name`, and its size if nobody in it has a box and keypoints; an
        annotation may lack `area`, and a file all boxes or keypoints.

    Raises:
        InputError: The file cannot be read or used; names it, the id and the value.
    """
    content = read_json(path)
    name = f"annotation file {path}"
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise InputError(
            f"{name} is not in COCO's format, an object with the lists images, annotations and "
            f"categories. It is {_kind(content)}"
        )
    images = _by_id(name, "image", content["images"])
    for number, image in images.items():
        _check_image(f"{name}: image {number}", image)
    if "annotations" not in content:  # images to predict
        return content
    if not isinstance(content["annotations"], list):
        raise InputError(f"{name}: annotations must be a list, got {_kind(content['annotations'])}")
    categories = _categories(name, content.get("categories"))
    annotations = _Annotations(name, images, categories)
    people = [
        checked
        for number, one in _by_id(name, "annotation", content["annotations"]).items()
        if (checked := annotations.check(number, one)) is not None
    ]
    annotations.finish(people, boxes_needed)
    return content | {"annotations": people}


def person_category(categories: Iterable[Entry], file: str | Path) -> int:
    """Return the id of the category of people: the one called person, or the only one.

    Raises:
        InputError: There are several, and none is called person.
    """
    categories = list(categories)
    named = [one for one in categories if str(one.get("name", "")).strip().lower() == "person"]
    chosen = named or categories
    if len(chosen) != 1:
        names = ", ".join(str(one.get("name", one.get("id"))) for one in categories) or "none"
        raise InputError(
            f"{file}: which of its categories is that of people? It has {names}. Call one person"
        )
    return int(chosen[0]["id"])


def check_categories(content: Entry, file: str | Path) -> None:
    """Raise InputError if a file has no category, without which COCO's AP counts nobody."""
    if not content.get("categories"):
        raise InputError(
            f'{file} has no categories. Add "categories": '
            '[{"id": 1, "name": "person"}], with the category_id of the annotations'
        )


def is_id(value: Any) -> bool:
    """Tell if a value is a whole number, as all ids in COCO's format are."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_coco_box(where: str, one: Entry, image: Entry) -> np.ndarray:
    """Return a box as left, top, right, bottom (4,) in px, of an entry's `bbox`.

    Args:
        where: The entry, for the error.
        one: The entry.
        image: Its image; without `width` and `height` the size is unknown.

    Raises:
        InputError: There is none, or not a plausible one.
    """
    box = _numbers(where, one, "bbox", "x, y, width, height in px")
    if box.shape != (4,):
        raise InputError(f"{where}: bbox must be x, y, width, height in px, got shape {box.shape}")
    box[2:] += box[:2]
    check_points(f"{where}: bbox", box.reshape(2, 2), image)
    return box


def check_points(what: str, points: np.ndarray, image: Entry) -> None:
    """Raise InputError if a point (N, 2) px lies farther outside of an image than anyone's can."""
    if not len(points):
        return
    least, right, bottom = _limits(image)
    x_max, y_max = points.max(axis=0).tolist()
    if not (points.min() >= least and x_max <= right and y_max <= bottom):
        outside = ~((points >= least) & (points <= (right, bottom))).all(axis=1)
        x, y = points[outside][0]
        size = [image.get(side, "unknown") for side in ("width", "height")]
        raise InputError(
            f"{what} at x = {x:g}, y = {y:g} px is too far outside of its image of {size[0]} x "
            f"{size[1]} px"
        )


@dataclass
class _Annotations:
    """Check the annotations of a file one after the other, and count what is left out."""

    name: str
    images: dict[int, Entry]
    categories: dict[int, list[str]]
    strays: list[int] = field(default_factory=list)
    miscounted: list[int] = field(default_factory=list)
    lengths: dict[int, int] = field(default_factory=dict)
    """Numbers in `keypoints` by category."""

    def check(self, number: int, one: Entry) -> Entry | None:
        """Return an annotation with its keypoints in one flat list; None if it has no image."""
        where = f"{self.name}: annotation {number}"
        image_id = _id(where, "image_id", one.get("image_id"))
        category = self._category(where, one)
        if image_id not in self.images:
            self.strays.append(number)
            return None
        one = one | {"category_id": category, "iscrowd": _crowd(where, one.get("iscrowd"))}
        _check_area(where, one, self.images[image_id])
        if "bbox" in one:
            check_coco_box(where, one, self.images[image_id])
        if one.get("keypoints", ()) == []:
            del one["keypoints"]
        if {"bbox", "keypoints"} <= one.keys() and "center" not in one:
            _check_size(f"{self.name}: image {image_id}", self.images[image_id])
        if "keypoints" in one:
            points = self._points(where, category, one)
            check_points(f"{where}: keypoint", points[points[:, 2] > 0, :2], self.images[image_id])
            one["keypoints"] = points.ravel().tolist()
            labeled = int(np.count_nonzero(points[:, 2] > 0))
            stated = one.get("num_keypoints")
            # CrowdPose's is the number of visible ones, by which it is evaluated.
            if stated is None or "crowdIndex" not in self.images[image_id]:
                one["num_keypoints"] = labeled
                if stated not in (labeled, None):
                    self.miscounted.append(number)
        return one

    def finish(self, people: list[Entry], boxes_needed: bool) -> None:
        """Turn people whom no dataset can crop into crowds, and say what is left out."""
        for one in people:
            if "keypoints" not in one and self.lengths:
                usual = next(iter(self.lengths.values()))
                one["keypoints"] = [0] * self.lengths.get(one["category_id"], usual)
                one["num_keypoints"] = 0
        counted = [one for one in people if one.get("num_keypoints") and not one["iscrowd"]]
        if boxes_needed and any(
            "bbox" in one for one in counted
        ):  # some formats over COCO's have none
            lost = [one for one in counted if not _croppable(one, self.images[one["image_id"]])]
            for one in lost:
                one["iscrowd"] = 1
            for one in people:  # COCO's evaluation looks for these two even of crowds
                one.setdefault("bbox", [0, 0, 0, 0])
                if one["iscrowd"] or not one.get("num_keypoints"):
                    one.setdefault("area", AREA_PER_BOX * one["bbox"][2] * one["bbox"][3])
            self._say(
                [one["id"] for one in lost],
                f"of {len(counted)} annotated people are left out of training, and count neither "
                "as found nor as missed: they have no box with an area inside of the image, or "
                "all keypoints at 0 or outside",
            )
        seen: set[tuple[int, tuple[float, ...]]] = set()
        repeated = []
        for one in counted:
            labels = one["image_id"], tuple(one["keypoints"])
            if labels in seen:
                repeated.append(one["id"])
            seen.add(labels)
        self._say(
            repeated,
            "annotations have the keypoints of another one of their image. Of people who are "
            "alike MMPose keeps one, so that not even perfect predictions would score 1",
        )
        self._say(self.strays, "annotations are left out, of images that the file does not list")
        self._say(
            self.miscounted,
            "annotations have a num_keypoints that is not the number of their flags above 0. The "
            "flags count",
        )

    def _category(self, where: str, one: Entry) -> int:
        if "category_id" not in one and len(self.categories) == 1:
            return next(iter(self.categories))
        category = _id(where, "category_id", one.get("category_id"))
        if self.categories and category not in self.categories:
            raise InputError(
                f"{where} has category_id {category}, but the categories are "
                f"{', '.join(map(str, self.categories))}"
            )
        return category

    def _points(self, where: str, category: int, one: Entry) -> np.ndarray:
        """Return keypoints (K, 3), checked in number and flags."""
        rule = "x, y and a flag (2 visible, 1 hidden, 0 not annotated) for each keypoint"
        numbers = _numbers(where, one, "keypoints", rule)
        count = numbers.size
        names = len(self.categories.get(category, ()))
        if numbers.ndim == 2 and numbers.shape[1] != 3:
            raise InputError(f"{where}: keypoints must be {rule}, got shape {numbers.shape}")
        if numbers.ndim not in (1, 2) or count % 3 or count == 2 * names:
            only = ", perhaps x and y alone" if count % 2 == 0 else ""
            raise InputError(f"{where}: keypoints must be {rule}, got {count} numbers{only}")
        if count != (expected := self.lengths.setdefault(category, count)):
            raise InputError(
                f"{where} has {count // 3} keypoints, but others before it have {expected // 3}"
            )
        points = numbers.reshape(-1, 3)
        if (points[:, 2] < 0).any():
            raise InputError(f"{where}: flags must be 2, 1 or 0, got {points[:, 2].min():g}")
        return points

    def _say(self, ids: Sequence[int], what: str) -> None:
        if ids:
            warn_once(f"{self.name}: {len(ids)} {what}. For example annotation {ids[0]}")


@lru_cache(maxsize=256)
def warn_once(text: str) -> None:
    """Warn of a file once, though datasets and metrics read it several times."""
    print_log(text, logger="current", level=logging.WARNING)


def _by_id(name: str, kind: str, entries: list[Any]) -> dict[int, Entry]:
    """Return a list's entries by their ids, in its order."""
    found: dict[int, Entry] = {}
    for index, entry in enumerate(entries):
        where = f"{name}: {kind} number {index} (from 0)"
        if not isinstance(entry, dict):
            raise InputError(f"{where} must be an object, got {_kind(entry)}")
        number = _id(where, "id", entry.get("id"))
        if number in found:
            raise InputError(
                f"{name}: several {kind}s have the id {number}, the latter is number {index} (from "
                "0). COCO's AP takes them for one: number them"
            )
        found[number] = entry
    return found


def _id(where: str, key: str, value: Any) -> int:
    if not is_id(value):
        raise InputError(f"{where}: {key} must be a whole number, got {_shown(value)}")
    return int(value)


def _categories(name: str, entries: Any) -> dict[int, list[str]]:
    """Return the names of each category's keypoints, empty where a category names none."""
    if entries is None:
        return {}
    if not isinstance(entries, list):
        raise InputError(f"{name}: categories must be a list, got {_kind(entries)}")
    found = {}
    for number, entry in _by_id(name, "category", entries).items():
        if not isinstance(entry.get("name", ""), str):
            raise InputError(
                f"{name}: category {number}: name must be text, got {_shown(entry['name'])}"
            )
        names = entry.get("keypoints")
        found[number] = names if isinstance(names, list) else []
    return found


def _check_image(where: str, image: Entry) -> None:
    name = image.get("file_name", "-")
    if not isinstance(name, str) or not name:
        raise InputError(f"{where}: file_name must be text, got {_shown(name)}")
    for key in ("width", "height"):
        if key in image and not (_is_number(image[key]) and 0 < image[key] < math.inf):
            raise InputError(
                f"{where}: {key} must be a number of px above 0, got {_shown(image[key])}"
            )


def _check_size(where: str, image: Entry) -> None:
    """Refuse an image without its size, at which MMPose's datasets end boxes.

    Formats over COCO's whose people have a center and a scale do not need it.
    """
    if not {"width", "height"} <= image.keys():
        raise InputError(f"{where} lacks width or height, in px")


def _check_area(where: str, one: Entry, image: Entry) -> None:
    area = one.get("area")
    if area is None:  # null or absent; OKS needs it, training does not
        one.pop("area", None)
        return
    if not _is_number(area):
        raise InputError(f"{where}: area must be a number of square px, got {_shown(area)}")
    least, right, bottom = _limits(image)
    if area > (right - least) * (bottom - least):
        raise InputError(f"{where}: area {area:g} square px is larger than any person's can be")


def _crowd(where: str, value: Any) -> int:
    if value is None:
        return 0
    if (not _is_number(value) and not isinstance(value, bool)) or value not in (0, 1):
        raise InputError(f"{where}: iscrowd must be 0 or 1, got {_shown(value)}")
    return int(value)


def _limits(image: Entry) -> tuple[float, float, float]:
    """Return the least coordinate that is plausible, and the largest x and y."""
    if "width" not in image or "height" not in image:
        return -LARGEST_COORDINATE, LARGEST_COORDINATE, LARGEST_COORDINATE
    margin = IMAGE_SIDES * max(image["width"], image["height"])
    return -margin, image["width"] + margin, image["height"] + margin


def _croppable(one: Entry, image: Entry) -> bool:
    """Tell if MMPose's datasets keep an annotated person."""
    if "bbox" not in one:
        return False
    x, y, width, height = one["bbox"]
    last = [image.get("width", math.inf) - 1, image.get("height", math.inf) - 1]
    corners = np.clip([x, y, x + width, y + height], 0, last * 2).astype(np.float32)
    points = np.array(one["keypoints"]).reshape(-1, 3)[:, :2]
    return bool((corners[2:] > corners[:2]).all() and points.max() > 0)


def _numbers(where: str, one: Entry, key: str, rule: str) -> np.ndarray:
    """Return finite numbers as float64."""
    try:
        numbers = np.asarray(one.get(key))
    except ValueError:  # lists of unequal lengths
        numbers = np.array(None)
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        raise InputError(f"{where}: {key} must be {rule}, got {_shown(_odd(one.get(key)))}")
    return numbers.astype(np.float64)


def _odd(value: Any) -> Any:
    """Return a list's first entry that is no finite number, or the value."""
    entries = value if isinstance(value, list) else ()
    odd = [entry for entry in entries if not _is_number(entry) or not math.isfinite(entry)]
    return odd[0] if odd else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return "null or nothing" if value is None else f"{value!r:.60}"


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, list(value)[:5])) or 'nothing'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "null" if value is None else type(value).__name__
