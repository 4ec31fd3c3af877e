"""Read CVAT's XML for images: points and skeletons.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.assemble import Box, Point, assemble, boxes_of_objects, turned_box
from mmhg.labels.labels import LabeledObject, Labels, check_names
from mmhg.labels.listed import ListedImage, with_pictures
from mmhg.labels.numbers import finite, shown, size
from mmhg.labels.pictures import Pictures, existing
from mmhg.labels.splits import split_of
from mmhg.utils.xml_file import Element, first_tags, parse_xml, read_xml

WAY_OUT = (
    "In CVAT, give the points of an object and its box the same group (key G), or use a skeleton"
)


def recognizes(path: Path) -> bool:
    """Tell if this is an XML file of CVAT, or a folder with one called annotations.xml."""
    tags = first_tags(_file(path))
    return tags[:1] == ["annotations"] and bool({*tags[1:]} & {"version", "meta", "image", "track"})


def read(path: Path, images: Path | None = None) -> Labels:
    """Read an export "CVAT for images 1.1", of a task or of a project.

    Args:
        path: The file, or the folder with `annotations.xml`.
        images: The folder of the pictures. By default they are looked for in `images` beside the
            file, where CVAT exports them, and beside it.

    Raises:
        InputError: The file cannot be used, or pictures are missing.
    """
    file = _file(path)
    reader = _Reader(file)
    read_xml(file, {"meta": reader.meta, "image": reader.image, "track": reader.refuse_track})
    names, listed = reader.listed()
    base = images or file.parent
    pictures = Pictures(file, base, existing([base / "images", base]) or [base])
    found = with_pictures(listed, pictures, reader.notes)
    return Labels(
        format="cvat",
        keypoints=names,
        images=found,
        root=base,
        category=reader.category(),
        skeleton=reader.skeleton(names),
        notes=reader.notes,
    )


def _file(path: Path) -> Path:
    return path / "annotations.xml" if os.path.isdir(path) else path


@dataclass
class _Shape:
    """A shape with points.

    Args:
        label: Its name.
        names: Of its points; empty if they are not named, in a shape of several points.
        points: (N, 2) px.
        hidden: (N,), or one for all.
        group: Of CVAT's group id; None if it has none.
    """

    label: str
    names: list[str]
    points: np.ndarray
    hidden: Sequence[bool] | bool
    group: str | None


_Points = tuple[np.ndarray, Sequence[bool] | bool]
"""Of an object: (K, 2) px, NaN where not labeled, and which are hidden (K,)."""


@dataclass
class _Image:
    """An image of the file, before it is known what the keypoints are."""

    where: str
    names: list[str]
    size: tuple[float, float]
    task: str
    split: str | None
    skeletons: list[_Shape] = field(default_factory=list)
    shapes: list[_Shape] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


@dataclass
class _Reader:
    """Read the elements of a file one after the other."""

    file: Path
    notes: list[str] = field(default_factory=list)
    images: list[_Image] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    """In the order of CVAT's constructor of labels."""
    declared: list[str] = field(default_factory=list)
    """Those that are for points alone."""
    parts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The labels of each skeleton's points."""
    drawings: dict[str, str] = field(default_factory=dict)
    """The SVG of each skeleton."""
    videos: dict[str, str] = field(default_factory=dict)
    """The names of tasks that are videos, by their ids."""
    ignored: Counter[str] = field(default_factory=Counter)

    def refuse_track(self, track: Element) -> None:
        raise InputError(
            f"{self.file} is an export of CVAT for video, whose tracks leave frames out. Export "
            'the task as "CVAT for images 1.1", which has the points of each frame'
        )

    def meta(self, meta: Element) -> None:
        """Read the labels, and which tasks are videos."""
        for label in meta.find("label"):
            name, parent = label.child_text("name"), label.child_text("parent")
            if parent:
                self.parts[parent].append(name)
            elif name:
                self.labels.append(name)
                self.declared += [name] if label.child_text("type") == "points" else []
            if svg := label.child_text("svg"):
                self.drawings[name] = svg
        for task in (*meta.find("task"), *meta.find("job")):
            if task.child_text("mode") == "interpolation":
                name = task.child_text("source") or task.child_text("name")
                self.videos[task.child_text("id")] = name or f"task {task.child_text('id')}"

    def image(self, image: Element) -> None:
        """Read an image's shapes."""
        given = image.attributes
        name = given.get("name", "")
        where = f"{self.file}: image {name or shown(None)}"
        if not name:
            raise InputError(f"{where} must have a name")
        subset = given.get("subset", "")
        split = split_of(subset)
        if split == "test":
            self.ignored["images of the subset for tests"] += 1
            return
        found = _Image(
            where,
            [f"{subset}/{name}", name] if subset else [name],
            size(given.get("width"), given.get("height"), where),
            given.get("task_id", ""),
            split,
        )
        for shape in image.children:
            self._shape(found, shape)
        self.images.append(found)

    def _shape(self, image: _Image, shape: Element) -> None:
        if shape.tag == "skeleton":
            image.skeletons.append(_skeleton(image.where, shape))
        elif shape.tag == "points" and shape.attributes.get("outside") != "1":
            image.shapes.append(_points(image.where, shape))
        elif shape.tag == "box":
            image.boxes.append(_box(image.where, shape))
        elif shape.tag not in ("tag", "points"):
            self.ignored[f"shapes of the kind {shape.tag}"] += 1

    def listed(self) -> tuple[list[str], list[ListedImage]]:
        """Return the names of the keypoints, and the images."""
        names, made = self._objects()
        grouped = len(self.videos) > 0
        if ignored := +self.ignored:
            what = ", ".join(f"{count} {kind}" for kind, count in ignored.items())
            self.notes.append(f"Of {self.file.name} are left out: {what}.")
        listed = [
            ListedImage(
                names=image.names,
                where=image.where,
                objects=objects,
                size=image.size,
                group=self._group(image) if grouped else None,
                split=image.split,
            )
            for image, objects in zip(self.images, made, strict=True)
        ]
        return names, listed

    def _group(self, image: _Image) -> str | None:
        """Return the video that an image is a frame of."""
        if image.task:
            return self.videos.get(image.task)
        return next(iter(self.videos.values())) if len(self.videos) == 1 else None

    def _objects(self) -> tuple[list[str], list[list[LabeledObject]]]:
        """Choose how the file has its keypoints: skeletons, shapes of several points, or single."""
        if any(image.skeletons for image in self.images):
            return self._skeletons()
        shapes = [(image, shape) for image in self.images for shape in image.shapes]
        if not shapes:
            raise InputError(
                f"{self.file} has no points and no skeletons. Export a task whose keypoints are "
                "labeled as points or skeletons"
            )
        names_of = self._names_of(shapes)
        names = [name for some in names_of.values() for name in some]
        check_names(self.file, names)
        if len(names_of) == 1 and len(names) > 1:
            self.notes.append(f"Each shape of {len(names)} points is an object.")
            made = [
                self._with_boxes(image, image.shapes, [(s.points, s.hidden) for s in image.shapes])
                for image in self.images
            ]
            return names, made
        made = []
        for image in self.images:
            points = [
                Point(
                    name=name, x=float(x), y=float(y), hidden=bool(shape.hidden), group=shape.group
                )
                for shape in image.shapes
                for name, (x, y) in zip(names_of[shape.label], shape.points, strict=True)
            ]
            made.append(assemble(image.where, points, image.boxes, names, WAY_OUT))
        return names, made

    def _names_of(self, shapes: Sequence[tuple[_Image, _Shape]]) -> dict[str, list[str]]:
        """Return the names of each label's points, in the order of the labels.

        A shape of one point is called like its label; several points are numbered.
        """
        counts: dict[str, int] = {}
        for image, shape in shapes:
            count = counts.setdefault(shape.label, len(shape.points))
            if len(shape.points) != count:
                raise InputError(
                    f"{image.where}: a shape {shape.label!r} has {len(shape.points)} points, but "
                    f"one before it has {count}. All must have the same points in the same order"
                )
        if max(counts.values()) == 1:
            for label in self.declared:
                counts.setdefault(label, 1)  # a keypoint that nobody has labeled yet
        order = [label for label in dict.fromkeys([*self.labels, *counts]) if label in counts]
        names_of = {
            label: [label]
            if counts[label] == 1
            else [f"{label}_{number + 1}" for number in range(counts[label])]
            for label in order
        }
        if any(count > 1 for count in counts.values()):
            self.notes.append(
                "Points of a shape have no names in CVAT: they are called after its label and "
                "numbered."
            )
        return names_of

    def _skeletons(self) -> tuple[list[str], list[list[LabeledObject]]]:
        used: dict[str, list[str]] = defaultdict(list)
        for image in self.images:
            for shape in image.skeletons:
                used[shape.label] += shape.names
            self.ignored["points that are in no skeleton"] += len(image.shapes)
        names_of = {
            label: list(dict.fromkeys([*self.parts[label], *some])) for label, some in used.items()
        }
        names = next(iter(names_of.values()))
        check_names(self.file, names)
        if any({*some} != {*names} for some in names_of.values()):
            raise InputError(
                f"{self.file} has skeletons of different points: {', '.join(names_of)}. One "
                "network learns one set of keypoints: export tasks with one of them"
            )
        if len(names_of) > 1:
            self.notes.append(
                f"The skeletons {', '.join(names_of)} have the same points, and are one here."
            )
        made = [
            self._with_boxes(
                image,
                image.skeletons,
                [_in_order(image.where, shape, names) for shape in image.skeletons],
            )
            for image in self.images
        ]
        return names, made

    def _with_boxes(
        self, image: _Image, shapes: Sequence[_Shape], points: Sequence[_Points]
    ) -> list[LabeledObject]:
        """Return objects of shapes, with their boxes: of the same group, or around their points."""
        groups = Counter(shape.group for shape in shapes), Counter(box.group for box in image.boxes)
        tied: dict[str | None, Box] = {
            box.group: box
            for box in image.boxes
            if box.group is not None and groups[0][box.group] == groups[1][box.group] == 1
        }
        free = [box for box in image.boxes if box.group not in tied]
        around = boxes_of_objects(
            image.where,
            [
                some[:0] if shape.group in tied else some[np.isfinite(some).all(axis=1)]
                for shape, (some, _) in zip(shapes, points, strict=True)
            ],
            free,
        )
        objects = []
        for number, (shape, (some, hidden)) in enumerate(zip(shapes, points, strict=True)):
            box = tied.get(shape.group) or around[number]
            labeled = LabeledObject(
                keypoints=some,
                hidden=np.broadcast_to(hidden, len(some)) & np.isfinite(some).all(axis=1),
                box=None if box is None else box.sides,
                id=f"{shape.label} {number + 1}",
            )
            if labeled.labeled.any() or box is not None:
                objects.append(labeled)
        given = sum(one.box is not None for one in objects)
        self.ignored["boxes around no points, or around those of several"] += (
            len(image.boxes) - given
        )
        return objects

    def category(self) -> str:
        """Return what most objects are called."""
        several = [
            shape
            for image in self.images
            for shape in (image.skeletons or image.shapes)
            if shape.names or len(shape.points) > 1
        ]
        counts = Counter(shape.label for shape in several)
        counts = counts or Counter(box.name for image in self.images for box in image.boxes)
        return counts.most_common(1)[0][0] if counts else "object"

    def skeleton(self, names: Sequence[str]) -> list[tuple[int, int]]:
        """Return the lines of the drawing of the skeleton, which is SVG of its own."""
        for image in self.images:
            for shape in image.skeletons:
                return _lines(self.drawings.get(shape.label, ""), names)
        return []


def _skeleton(where: str, shape: Element) -> _Shape:
    """Return a skeleton's points that are not outside of the image."""
    label = shape.attributes.get("label", "")
    parts = [part for part in shape.children if part.tag == "points"]
    read = [_points(where, part) for part in parts if part.attributes.get("outside") != "1"]
    for one in read:
        if len(one.points) != 1:
            raise InputError(
                f"{where}: {one.label!r} of skeleton {label!r} must be one point, got "
                f"{len(one.points)}"
            )
    covered = shape.attributes.get("occluded") == "1"
    return _Shape(
        label,
        [one.label for one in read],
        np.array([one.points[0] for one in read], float).reshape(-1, 2),
        [covered or bool(one.hidden) for one in read],
        _group_of(shape),
    )


def _points(where: str, shape: Element) -> _Shape:
    label = shape.attributes.get("label", "")
    if not label:
        raise InputError(f"{where}: points must have a label")
    text = shape.attributes.get("points", "")
    pairs = [pair.split(",") for pair in text.strip().strip(";").split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise InputError(f"{where}: points of {label!r} must be x,y;x,y;..., got {text!r:.60}")
    points = np.array([[finite(one, f"{where}: {label!r}") for one in pair] for pair in pairs])
    hidden = shape.attributes.get("occluded") == "1"
    return _Shape(label, [], points, hidden, _group_of(shape))


def _box(where: str, shape: Element) -> Box:
    given = shape.attributes
    label = given.get("label", "")
    sides = np.array(
        [finite(given.get(side), f"{where}: {side} of box {label!r}") for side in _SIDES]
    )
    if (sides[2:] < sides[:2]).any():
        raise InputError(f"{where}: box {label!r} ends before it begins: {sides.tolist()}")
    angle = finite(given.get("rotation", "0"), f"{where}: rotation of box {label!r}")
    if angle:
        sides = turned_box(sides, angle, (sides[:2] + sides[2:]) / 2)
    return Box(sides=sides, name=label, group=_group_of(shape))


_SIDES = ("xtl", "ytl", "xbr", "ybr")


def _group_of(shape: Element) -> str | None:
    group = shape.attributes.get("group_id", "0")
    return None if group in ("0", "") else group


def _in_order(where: str, shape: _Shape, names: Sequence[str]) -> _Points:
    """Return a skeleton's points in the keypoints' order."""
    points, hidden = np.full((len(names), 2), np.nan), [False] * len(names)
    covered_ones = np.broadcast_to(shape.hidden, len(shape.points)).tolist()
    for name, point, covered in zip(shape.names, shape.points, covered_ones, strict=True):
        number = names.index(name)
        if np.isfinite(points[number]).any():
            raise InputError(f"{where}: a skeleton {shape.label!r} has two points {name!r}")
        points[number], hidden[number] = point, covered
    return points, hidden


def _lines(svg: str, names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the edges of a skeleton's drawing as pairs of indices; none if it cannot be read."""
    nodes: dict[str, str] = {}
    edges: list[tuple[str, str]] = []

    def node(circle: Element) -> None:
        given = circle.attributes
        if "data-node-id" in given and "data-label-name" in given:
            nodes[given["data-node-id"]] = given["data-label-name"]

    def edge(line: Element) -> None:
        given = line.attributes
        edges.append((given.get("data-node-from", ""), given.get("data-node-to", "")))

    try:
        parse_xml(f"<svg>{svg}</svg>".encode(), "drawing", {"circle": node, "line": edge})
    except (InputError, UnicodeEncodeError):
        return []
    ends = [(nodes.get(first), nodes.get(second)) for first, second in edges]
    return [
        (names.index(first), names.index(second))
        for first, second in ends
        if first in names and second in names
    ]
