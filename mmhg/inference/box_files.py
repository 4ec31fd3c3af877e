"""Files that say where people are, by the names of their images.

Boxes are left, top, right, bottom in 0-based px, once read.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.datasets.body.mpii import to_zero_based
from mmhg.errors import InputError
from mmhg.inference.boxes import as_boxes, person_boxes
from mmhg.utils.files import read_json

Record = Mapping[str, Any]
_NAME_KEYS = ("image", "file_name", "image_id")
_SIDES = ("left", "top", "right", "bottom")
_SIZED = ("x", "y", "width", "height")
_COCO_PERSON = 1


class People:
    """The boxes of a file.

    Args:
        source: The file, for messages.
        lists_images: Whether it names all images, those without people too. An image that it does
            not name is a mistake then; else nobody is in it.
    """

    def __init__(self, source: Path, *, lists_images: bool) -> None:
        self.source = source
        self._lists_images = lists_images
        self._boxes: dict[str, dict[int | None, list[np.ndarray]]] = {}

    def add(self, name: str, boxes: np.ndarray, frame: int | None = None) -> None:
        """Note people of an image or, with `frame` None, of every frame of a video."""
        by_frame = self._boxes.setdefault(name, defaultdict(list))
        by_frame[frame].extend(boxes)

    def of(self, path: str, frame: int | None = None) -> np.ndarray:
        """The boxes (P, 4) of an image, or of a video's frame, counted from 0.

        Raises:
            InputError: The file should name this image, and does not.
        """
        found = self._entry(path)
        if found is None:
            if not self._lists_images:
                return as_boxes([])
            raise InputError(
                f"{self.source} has nothing for it; where nobody is to be looked for, add "
                f'"{Path(path).name}": []'
            )
        in_all_frames = found.get(None, [])
        in_this_one = [] if frame is None else found.get(frame, [])
        return as_boxes([*in_all_frames, *in_this_one])

    def check(self, paths: Iterable[str]) -> None:
        """Raise InputError if the file has nothing for any of these."""
        paths = list(paths)
        if all(self._entry(path) is None for path in paths):
            named = next(iter(self._boxes), None)
            example = "is empty" if named is None else f"names {named!r} for example"
            raise InputError(
                f"none of the inputs is in {self.source}, {paths[0]} for example; it {example}"
            )

    def _entry(self, path: str) -> dict[int | None, list[np.ndarray]] | None:
        """Boxes by frame: under the path as it is, its end, or the number that it is named by."""
        file = Path(path)
        names = [path, *("/".join(file.parts[first:]) for first in range(len(file.parts)))]
        if file.stem.isascii() and file.stem.isdigit():  # COCO's images are named by their ids
            names.append(str(int(file.stem)))
        return next((self._boxes[name] for name in names if name in self._boxes), None)


def read_boxes(path: Path, threshold: float) -> People:
    """Read a file of boxes; docs/inference.md describes its forms.

    Args:
        path: `.json`: an object of boxes by image names, a list of people or detections as COCO's
            results have them, or annotations in COCO's format; `.csv`: a person a line.
        threshold: Boxes that come with a lower score are left out.

    Raises:
        InputError: It cannot be read; names the entry.
    """
    if path.suffix.lower() == ".csv":
        people = People(path, lists_images=False)
        _add_records(people, _read_csv(path), _box_of, threshold)
        return people
    content = read_json(path)
    people = People(path, lists_images=isinstance(content, dict))
    if isinstance(content, dict) and isinstance(content.get("annotations"), list):
        names = _coco_names(path, content.get("images"))
        for name in names.values():
            people.add(name, np.empty((0, 4)))
        records = [
            dict(record, image=names.get(record.get("image_id"), record.get("image_id")))
            if isinstance(record, dict)
            else record
            for record in content["annotations"]
        ]
        _add_records(people, records, _box_of, threshold)
    elif isinstance(content, dict):
        for name, boxes in content.items():
            by_frame = boxes.items() if isinstance(boxes, dict) else [(None, boxes)]
            people.add(name, np.empty((0, 4)))
            for frame, found in by_frame:
                where = f"{path}: {name!r}"
                people.add(name, _checked(where, found), _frame(where, frame))
    elif isinstance(content, list):
        _add_records(people, content, _box_of, threshold)
    else:
        raise InputError(
            f"{path} must hold boxes by image names or a list of people, got "
            f"{type(content).__name__}"
        )
    return people


def read_centers(path: Path) -> People:
    """Read people by centre and scale, in MPII's 1-based px, as `person_boxes` takes them.

    Args:
        path: `.json`: people as in MMPose's MPII files, with `image`, `center` and `scale`; `.csv`
            with columns image, center_x, center_y and scale.

    Raises:
        InputError: It cannot be read; names the entry.
    """
    people = People(path, lists_images=False)
    records = _read_csv(path) if path.suffix.lower() == ".csv" else read_json(path)
    if not isinstance(records, list):
        raise InputError(f"{path} must be a list of people, got {type(records).__name__}")
    _add_records(people, records, _box_of_center, threshold=-np.inf)
    return people


def _add_records(
    people: People,
    records: Iterable[Any],
    box_of: Callable[[str, Record], Any],
    threshold: float,
) -> None:
    for number, record in enumerate(records):
        where = f"{people.source}: person {number} (from 0)"
        if not isinstance(record, dict):
            raise InputError(f"{where} is a {type(record).__name__}, not an object")
        name = next((record[key] for key in _NAME_KEYS if record.get(key) not in (None, "")), None)
        if name is None:
            raise InputError(f"{where} has none of {', '.join(_NAME_KEYS)}")
        if _number(where, record, "category_id", _COCO_PERSON) != _COCO_PERSON:
            continue
        boxes = _checked(where, box_of(where, record))
        kept = boxes[: 0 if _number(where, record, "score", np.inf) < threshold else 1]
        frame = record.get("frame")
        people.add(str(name), kept, _frame(where, None if frame == "" else frame))


def _box_of(where: str, record: Record) -> np.ndarray:
    """`box` and left, top, right, bottom as they are; `bbox` and x, y go with width and height."""
    columns = next((keys for keys in (_SIDES, _SIZED) if all(key in record for key in keys)), None)
    if columns:
        numbers: Any = [_number(where, record, key) for key in columns]
    else:
        numbers = record.get("bbox", record.get("box"))
        if not isinstance(numbers, list) or len(numbers) != 4:
            raise InputError(
                f"{where} needs a bbox of x, y, width, height or a box of left, top, right, "
                f"bottom, got {numbers!r}"
            )
    box = _checked(where, [numbers])
    if columns == _SIZED or (columns is None and "bbox" in record):
        box[:, 2:] += box[:, :2]
    return box


def _box_of_center(where: str, record: Record) -> np.ndarray:
    if "center" in record:
        center = record["center"]
        if not isinstance(center, list) or len(center) != 2:
            raise InputError(f"{where}: center must be x and y in px, got {center!r}")
        x, y = (_number(where, {"center": value}, "center") for value in center)
    else:
        x, y = (_number(where, record, key) for key in ("center_x", "center_y"))
    scale = _number(where, record, "scale")
    return person_boxes(to_zero_based(np.array([[x, y]])), [scale])


def _checked(where: str, boxes: Any) -> np.ndarray:
    try:
        return as_boxes(boxes)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _number(where: str, record: Record, key: str, default: float | None = None) -> float:
    value = record.get(key, default)
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {key} must be a number, got {value!r}") from error


def _frame(where: str, frame: Any) -> int | None:
    if frame is None:
        return None
    try:
        return int(frame)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: frame must be a number from 0, got {frame!r}") from error


def _coco_names(path: Path, images: Any) -> dict[Any, str]:
    """File names by id."""
    try:
        return {image["id"]: image["file_name"] for image in images or ()}
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: images must each have an id and a file_name") from error


def _read_csv(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, skipinitialspace=True))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not CSV: {error}") from error
