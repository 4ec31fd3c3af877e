"""Read files of people's boxes, by the names of their images.

Once read, boxes are left, top, right, bottom in 0-based px.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.datasets.people import to_zero_based
from mmhg.errors import InputError
from mmhg.inference.boxes import as_boxes, person_boxes
from mmhg.inference.sources import Frame
from mmhg.utils.coco_file import is_id, person_category
from mmhg.utils.files import read_json

Record = Mapping[str, Any]

_COCO_PERSON = 1
"""COCO's category of people, for files without `categories`."""


class BoxFile:
    """The boxes of a file. Called with a frame, it returns those of the frame's people, (P, 4).

    Args:
        source: The file, for messages.
        lists_images: The file names all images, including those without people. If True, a missing
            image is an error; if False, it is an image without people.

    Attributes:
        note: How many boxes were left out and why; empty if none were.
        image_ids: Ids by the names of images, in COCO's annotations.
    """

    def __init__(self, source: Path, *, lists_images: bool) -> None:
        self.source = source
        self._lists_images = lists_images
        self._boxes: dict[str, dict[int | None, list[np.ndarray]]] = {}
        self.note = ""
        self.image_ids: dict[str, int] = {}

    def __call__(self, frame: Frame) -> np.ndarray:
        """Return the boxes (P, 4) of a frame's people."""
        return self.of(frame.source.name, frame.index)

    def add(self, name: str, boxes: Iterable[np.ndarray], frame: int | None = None) -> None:
        """Add people of one frame or, with `frame` None, of an image or a whole video."""
        self._boxes.setdefault(name, defaultdict(list))[frame].extend(boxes)

    def leave_out(self, reasons: Counter[str], records: int) -> None:
        """Note how many boxes of all were left out, by reason.

        Raises:
            InputError: All were.
        """
        if not reasons:
            return
        said = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        if reasons.total() == records:
            raise InputError(
                f"{self.source}: none of its {records} boxes is used: {said}. The category of "
                "people is the one called person, or the only one, in the file's categories; "
                f"without these it is {_COCO_PERSON}"
            )
        self.note = f"{self.source}: left out {reasons.total()} of {records} boxes: {said}"

    def of(self, path: str, frame: int | None = None) -> np.ndarray:
        """Return the boxes (P, 4) of an image, or of a video's frame, counted from 0.

        Raises:
            InputError: The file should name this image, and does not.
        """
        found = self._entry(path)
        if found is None:
            if not self._lists_images:
                return as_boxes([])
            raise InputError(
                f'{self.source} does not name it. If it has no people, add "{Path(path).name}": []'
            )
        of_frame = [] if frame is None else found.get(frame, [])
        return as_boxes([*found.get(None, []), *of_frame])

    def id_of(self, path: str) -> int | None:
        """Return the id of an image in COCO's annotations, else the number that is its name."""
        names = [name for name in self._names(path) if name in self.image_ids]
        return self.image_ids[names[0]] if names else number_in_name(path)

    def check(self, paths: Iterable[str]) -> None:
        """Raise InputError if the file names none of these."""
        paths = list(paths)
        if all(self._entry(path) is None for path in paths):
            named = next(iter(self._boxes), None)
            example = "is empty" if named is None else f"names {named!r} for example"
            raise InputError(
                f"{self.source} names none of the inputs, {paths[0]} for example. It {example}"
            )

    def _entry(self, path: str) -> dict[int | None, list[np.ndarray]] | None:
        """Find the boxes, by frame, of a path, of its end, or of the number that is its name."""
        names = self._names(path)
        return next((self._boxes[name] for name in names if name in self._boxes), None)

    def _names(self, path: str) -> list[str]:
        """Return what a file may call an image."""
        parts, number = Path(path).parts, number_in_name(path)
        ends = ["/".join(parts[first:]) for first in range(len(parts))]
        return [path, *ends, *([] if number is None else [str(number)])]


def number_in_name(path: str) -> int | None:
    """Return the number that a file is named by, as COCO's images are by their ids, or None."""
    stem = Path(path).stem
    return int(stem) if stem.isascii() and stem.isdigit() else None


def image_ids(paths: Iterable[str], people: Any = None) -> dict[str, int]:
    """Return ids of images by their paths, as COCO's tools know them.

    They are those of the `BoxFile`, or the numbers in the names. If an image has none, or two have
    the same, there are no ids.
    """
    id_of = people.id_of if isinstance(people, BoxFile) else number_in_name
    ids = {path: id_of(path) for path in paths}
    known = {path: number for path, number in ids.items() if number is not None}
    return known if len(set(known.values())) == len(ids) else {}


def read_boxes(path: Path, threshold: float) -> BoxFile:
    """Read a JSON file of boxes.

    People are of the category called person, or of the only one, in the file's `categories`; of
    category 1 without these. The result's `note` says how many boxes of others, and of low scores,
    were left out.

    Args:
        path: An object of boxes by image names, or people as in COCO's results or annotations
            (docs/inference.md).
        threshold: Boxes with a lower score are left out.

    Raises:
        InputError: It cannot be read, or all boxes are left out; names the entry.
    """
    content = read_json(path)
    people = BoxFile(path, lists_images=isinstance(content, dict))
    if isinstance(content, list):
        _add_records(people, content, _coco_box, threshold)
    elif not isinstance(content, dict):
        raise InputError(
            f"{path} must hold boxes by image names or a list of people, got "
            f"{type(content).__name__}"
        )
    elif isinstance(content.get("annotations"), list):
        names = _coco_names(path, content.get("images"))
        people.image_ids = {name: number for number, name in names.items() if is_id(number)}
        for name in names.values():
            people.add(name, [])
        _add_records(
            people,
            content["annotations"],
            _coco_box,
            threshold,
            names,
            _category(path, content.get("categories")),
        )
    else:
        for name, boxes in content.items():
            people.add(name, _checked(f"{path}: {name!r}", boxes))
    return people


def read_centers(path: Path) -> BoxFile:
    """Read people by center and scale, in MPII's 1-based px.

    Args:
        path: `.json`: people as in MMPose's MPII files, with `image`, `center` and `scale`.

    Raises:
        InputError: It cannot be read; names the entry.
    """
    people = BoxFile(path, lists_images=False)
    records = read_json(path)
    if not isinstance(records, list):
        raise InputError(f"{path} must be a list of people, got {type(records).__name__}")
    _add_records(people, records, _box_of_center, threshold=-np.inf)
    return people


def _add_records(
    people: BoxFile,
    records: Sequence[Any],
    box_of: Callable[[str, Record], np.ndarray],
    threshold: float,
    names: Mapping[Any, str] | None = None,
    category: int = _COCO_PERSON,
) -> None:
    left_out: Counter[str] = Counter()
    for number, record in enumerate(records):
        where = f"{people.source}: person {number} (from 0)"
        if not isinstance(record, dict):
            raise InputError(f"{where} is a {type(record).__name__}, not an object")
        name = next((record[key] for key in _NAMES if record.get(key) is not None), None)
        if not isinstance(name, str | int) or isinstance(name, bool):
            raise InputError(
                f"{where} needs the name of its image as image, file_name or image_id, got {name!r}"
            )
        frame = record.get("frame")
        if frame is not None and not (is_id(frame) and frame >= 0):
            raise InputError(f"{where}: frame must be a number from 0, got {frame!r}")
        box = box_of(where, record)
        reason = None
        if record.get("category_id", category) != category:
            reason = f"of other categories than {category} (person)"
        elif not _number(where, record, "score", np.inf) >= threshold:
            reason = f"of a score below {threshold:g}"
        if reason:
            left_out[reason] += 1
        people.add(str((names or {}).get(name, name)), [] if reason else [box], frame)
    people.leave_out(left_out, len(records))


_NAMES = ("image", "file_name", "image_id")


def _category(path: Path, categories: Any) -> int:
    """Return the id of people among a file's categories."""
    if categories is None:
        return _COCO_PERSON
    if not isinstance(categories, list) or not all(
        isinstance(one, dict) and is_id(one.get("id")) for one in categories
    ):
        raise InputError(f"{path}: categories must each have a whole number as id")
    return person_category(categories, path) if categories else _COCO_PERSON


def _coco_box(where: str, record: Record) -> np.ndarray:
    """Turn `bbox`, which is x, y, width, height, into a box."""
    numbers = record.get("bbox")
    if not isinstance(numbers, list) or len(numbers) != 4:
        raise InputError(f"{where} needs a bbox of x, y, width, height, got {numbers!r}")
    (box,) = _checked(where, [numbers])
    box[2:] += box[:2]
    return box


def _box_of_center(where: str, record: Record) -> np.ndarray:
    center = record.get("center")
    if not isinstance(center, list) or len(center) != 2:
        raise InputError(f"{where}: center must be x and y in px, got {center!r}")
    x, y = (_number(where, {"center": value}, "center") for value in center)
    scale = _number(where, record, "scale")
    return person_boxes(to_zero_based(np.array([[x, y]])), [scale])[0]


def _checked(where: str, boxes: Any) -> np.ndarray:
    try:
        return as_boxes(boxes if isinstance(boxes, list) else [boxes])
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _number(where: str, record: Record, key: str, default: float | None = None) -> float:
    value = record.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        raise InputError(f"{where}: {key} must be a number, got {value!r:.40}")
    return float(value)


def _coco_names(path: Path, images: Any) -> dict[Any, str]:
    """Return file names by id."""
    try:
        names = {image["id"]: image["file_name"] for image in images or ()}
        if not all(isinstance(name, str) for name in names.values()):
            raise TypeError
        return names
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: images must each have an id and a file_name") from error
