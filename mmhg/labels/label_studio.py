"""Read Label Studio's JSON: keypoint labels and rectangles, in percent of the picture.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.assemble import Box, Point, assemble, note_single_points, turned_box
from mmhg.labels.json_head import json_head
from mmhg.labels.labels import Labels, check_names
from mmhg.labels.listed import ListedImage, with_pictures
from mmhg.labels.numbers import finite, shown, size
from mmhg.labels.one_file import one_file
from mmhg.labels.pictures import Pictures, existing, is_picture
from mmhg.utils.files import read_json

Entry = dict[str, Any]

WAY_OUT = (
    "In Label Studio, draw one rectangle around each object, or join the points of an object by "
    "relations"
)

_HIDDEN = frozenset(("hidden", "occluded", "invisible", "not visible", "covered"))
"""Choices of a region, in small letters, that make its keypoint a hidden one."""

_KEYPOINTS = ("keypointlabels", "labels")
_RECTANGLES = ("rectanglelabels", "labels", "rectangle")
_KINDS = (*_KEYPOINTS, *_RECTANGLES, "keypoint")
"""Of results that are points or rectangles."""
_ABOUT_REGIONS = ("choices", "relation", "textarea", "rating", "number", "taxonomy")
"""Kinds of results that have no place of their own."""

_UPLOAD = re.compile(r"[0-9a-f]{8}-(?=.)")
"""Say what Label Studio puts before the name of an uploaded file."""


def recognizes(path: Path) -> bool:
    """Tell if this is an export of Label Studio, or a folder with one: JSON, or JSON-MIN."""
    return _is_export(one_file(path, "*.json", _is_export))


def _is_export(path: Path) -> bool:
    opening, names, text = json_head(path)
    if opening != "[":
        return False
    return _is_task(names) or _is_min(names) or ("annotations" in names and '"result"' in text)


def read(path: Path, images: Path | None = None) -> Labels:
    """Read an export "JSON" of a project.

    Keypoints are in the order in which their names first appear in the file, which does not have
    the labels' order in the project. Of several annotations of a task the first that was not
    cancelled counts.

    Args:
        path: The file, or the folder that it alone is in.
        images: The folder of the pictures, by default the file's; they are found by their names,
            also without what Label Studio puts before the names of uploaded files.

    Raises:
        InputError: The file cannot be used, or pictures are missing.
    """
    path = one_file(path, "*.json", _is_export)
    content = read_json(path)
    if not isinstance(content, list):
        raise InputError(f"{path} must be a list of tasks. Export the project as JSON")
    first = content[0] if content else {}
    if isinstance(first, dict) and _is_min({*first}) and not _is_task({*first}):
        raise InputError(
            f"{path} is JSON-MIN, which does not say which rectangle a point belongs to. Export "
            "the project as JSON"
        )
    reader = _Reader(path)
    for index, task in enumerate(content):
        reader.task(index, task)
    names, listed = reader.listed()
    base = images or path.parent
    folders = existing([base, base / "images", base / "upload", base / "media" / "upload"])
    pictures = Pictures(path, base, folders or [base], _as_uploaded)
    found = with_pictures(listed, pictures, reader.notes)
    return Labels(
        format="label_studio",
        keypoints=names,
        images=found,
        root=base,
        category=reader.category(),
        notes=reader.notes,
    )


def _is_task(names: set[str]) -> bool:
    return "data" in names and bool(names & {"annotations", "completions", "predictions"})


def _is_min(names: set[str]) -> bool:
    return "annotation_id" in names and bool(names & {"annotator", "lead_time", "created_at"})


@dataclass
class _Task:
    """A task, before it is known what the keypoints are."""

    where: str
    names: list[str]
    size: tuple[float, float] | None
    points: list[Point]
    boxes: list[Box]


@dataclass
class _Reader:
    """Read tasks one after the other."""

    file: Path
    notes: list[str] = field(default_factory=list)
    tasks: list[_Task] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)

    def task(self, index: int, task: Any) -> None:
        """Read a task's annotation."""
        where = f"{self.file}: task number {index} (from 0)"
        if not isinstance(task, dict):
            raise InputError(f"{where} must be an object, got {shown(task)}")
        where = f"{self.file}: task {shown(task.get('id', index))}"
        annotation = self._annotation(where, task)
        if annotation is None:
            return
        results = _list(where, "result", annotation.get("result"))
        one = _Task(where, _picture_names(where, task), None, [], [])
        groups, hidden = _groups(results), _hidden(results)
        labeled = {_id(result) for result in results if _label(where, result, _KEYPOINTS)}
        for number, result in enumerate(results):
            kind, key = result["type"], _id(result)
            value: Any = result.get("value")
            if kind in _ABOUT_REGIONS or (kind == "keypoint" and key in labeled):
                continue
            what = f"{where}: result {key or number}"
            if kind not in _KINDS or not _is_placed(value):
                self.ignored[f"results of the kind {kind!r:.40}"] += 1
                continue
            _set_size(one, what, result)
            group = groups.get(key) if key else None
            if kind in _RECTANGLES and "height" in value:
                name = _label(where, result, _RECTANGLES)
                sides = _sides(what, value, one.size)
                one.boxes.append(Box(sides=sides, name=name, group=group))
            elif name := _label(where, result, _KEYPOINTS):
                x, y = (finite(value[axis], f"{what}: {axis}") / 100 for axis in "xy")
                one.points.append(Point(name=name, x=x, y=y, hidden=key in hidden, group=group))
            else:
                self.ignored["points without a label"] += 1
        self.tasks.append(one)

    def _annotation(self, where: str, task: Entry) -> Entry | None:
        """Return the annotation that counts; None if there is none."""
        given = _list(where, "annotations", task.get("annotations", task.get("completions")))
        kept = [one for one in given if not one.get("was_cancelled")]
        self.ignored["cancelled annotations"] += len(given) - len(kept)
        self.ignored["annotations of tasks that have another before"] += len(kept[1:])
        if not kept:
            predicted = "that have only predictions" if task.get("predictions") else "not annotated"
            self.ignored[f"tasks {predicted}"] += 1
            return None
        return kept[0]

    def listed(self) -> tuple[list[str], list[ListedImage]]:
        """Return the names of the keypoints, and the images."""
        names = list(dict.fromkeys(point.name for task in self.tasks for point in task.points))
        if not names:
            raise InputError(
                f"{self.file} has no keypoint labels. Export a project that has some, as JSON"
            )
        check_names(self.file, names)
        if ignored := +self.ignored:
            what = ", ".join(f"{count} {kind}" for kind, count in ignored.items())
            self.notes.append(f"Of {self.file.name} are left out: {what}.")
        made = [
            assemble(task.where, task.points, task.boxes, names, WAY_OUT) for task in self.tasks
        ]
        note_single_points(names, made, self.notes)
        listed = [
            ListedImage(
                names=task.names, where=task.where, objects=objects, shares=True, size=task.size
            )
            for task, objects in zip(self.tasks, made, strict=True)
        ]
        return names, listed

    def category(self) -> str:
        """Return what most rectangles are called."""
        counts = Counter(box.name for task in self.tasks for box in task.boxes if box.name)
        return counts.most_common(1)[0][0] if counts else "object"


def _picture_names(where: str, task: Entry) -> list[str]:
    """Return the names that a task's picture may have, of its `data`."""
    data = task.get("data")
    if not isinstance(data, dict):
        raise InputError(f"{where}: data must be an object with the picture, got {shown(data)}")
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    found = {
        key: names
        for key, value in texts.items()
        if is_picture((names := _names_in(value))[0].replace("\\", "/").rpartition("/")[2])
    }
    if len(found) != 1:
        usual = [key for key in ("image", "img", "image_url", "url") if key in texts]
        found = {key: _names_in(texts[key]) for key in usual[:1]} or found
    if len(found) != 1:
        some = ", ".join(found or texts) or "nothing"
        raise InputError(
            f"{where}: which text of data is the picture? It has {some}. Leave one picture to a "
            "task, or call it image"
        )
    uploaded = task.get("file_upload")
    return [*next(iter(found.values())), *([uploaded] if isinstance(uploaded, str) else [])]


def _names_in(address: str) -> list[str]:
    """Return the paths that an address may have on this machine, the most likely first."""
    try:
        parts = urlsplit(address.replace("\\", "/"))
        local = parse_qs(parts.query).get("d", [])
    except ValueError:
        return [address]
    whole = local[0] if local else parts.path if parts.scheme else address
    names = [whole, unquote(whole)]
    if parts.query and not local and not parts.scheme:
        names = [parts.path, unquote(parts.path), *names]
    folder, _, name = names[1].rpartition("/")
    if _UPLOAD.match(name):
        names.append(f"{folder}/{_UPLOAD.sub('', name, count=1)}")
    return list(dict.fromkeys(names))


def _as_uploaded(name: str) -> str:
    """Return a file's name as Label Studio keeps it, by Django's rule."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _groups(results: list[Entry]) -> dict[str, str]:
    """Return the group of each region that is tied to others, by parents or by relations."""
    parent: dict[str, str] = {}

    def top(key: str) -> str:
        while key in parent:
            parent[key] = parent.get(parent[key], parent[key])  # so that no chain stays long
            key = parent[key]
        return key

    for first, second in _ties(results):
        if (one := top(first)) != (other := top(second)):
            parent[one] = other
    return {key: top(key) for key in {*parent, *parent.values()}}


def _ties(results: list[Entry]) -> Iterator[tuple[str, str]]:
    regions = {_id(result) for result in results} - {""}
    for result in results:
        ends = (result.get("from_id"), result.get("to_id"))
        if result["type"] != "relation":
            ends = (_id(result), result.get("parentID"))
        if all(isinstance(end, str) and end in regions for end in ends):
            yield ends  # type: ignore[misc]


def _hidden(results: list[Entry]) -> set[str]:
    """Return the regions for which a choice says that something covers them."""
    found = set()
    for result in results:
        value = result.get("value")
        chosen = value.get("choices") if isinstance(value, dict) else None
        if result["type"] == "choices" and isinstance(chosen, list):
            found |= {_id(result) for one in chosen if str(one).strip().lower() in _HIDDEN}
    return found - {""}


def _id(result: Entry) -> str:
    key = result.get("id", "")
    return key if isinstance(key, str) else ""


def _label(where: str, result: Entry, kinds: tuple[str, ...]) -> str:
    """Return the one label of a region; empty if it has none, or is of another kind."""
    value, kind = result.get("value"), result["type"]
    labels = value.get(kind) if isinstance(value, dict) and kind in kinds else None
    if not labels:
        return ""
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
        what = f"{where}: result {_id(result)}"
        raise InputError(f"{what}: {kind} must be a list of one name, got {shown(labels)}")
    return labels[0]


def _is_placed(value: Any) -> bool:
    """Tell if a value is a point's or a rectangle's, and not an ellipse's or a mask's."""
    return isinstance(value, dict) and {"x", "y"} <= value.keys() and "radiusX" not in value


def _sides(what: str, value: Entry, size: tuple[float, float] | None) -> np.ndarray:
    """Return the extent of a rectangle (4,) in shares of the picture.

    It is turned about its upper left corner, in px.
    """
    x, y, width, height = (
        finite(value.get(key), f"{what}: {key}") / 100 for key in ("x", "y", "width", "height")
    )
    if min(width, height) < 0:
        raise InputError(f"{what}: width and height must not be negative, got {width} x {height}")
    sides = np.array([x, y, x + width, y + height])
    if not (angle := finite(value.get("rotation") or 0, f"{what}: rotation")):
        return sides
    if size is None:
        raise InputError(f"{what} is turned, and lacks original_width and original_height")
    scale = np.array(size * 2)
    return turned_box(sides * scale, angle, (sides * scale)[:2]) / scale


def _set_size(task: _Task, what: str, result: Entry) -> None:
    """Take the size that a result states for its picture."""
    if result.get("image_rotation") not in (None, 0):
        raise InputError(
            f"{what}: the picture was turned by {shown(result['image_rotation'])} degrees in Label "
            "Studio. Turn the picture itself, and label it again"
        )
    if "original_width" not in result and "original_height" not in result:
        return
    stated = size(result.get("original_width"), result.get("original_height"), what)
    if task.size not in (None, stated):
        raise InputError(f"{what}: the picture has {stated} px, but {task.size} px in another one")
    task.size = stated


def _list(where: str, key: str, value: Any) -> list[Entry]:
    """Return a list of objects, of which each has a type where it is a result."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InputError(f"{where}: {key} must be a list of objects, got {shown(value)}")
    if key == "result" and not all(isinstance(one.get("type"), str) for one in value):
        raise InputError(f"{where}: each result must have a type")
    return value
