"""Put single points and boxes together to objects, for tools whose points are single.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.labels import LabeledObject

_MOST_PAIRS = 10_000_000
"""Points times boxes of an image that are compared."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One labeled keypoint.

    Args:
        name: The keypoint's.
        x: px.
        y: px.
        hidden: Something covers it.
        group: What the file ties together has the same one; None if it is tied to nothing.
    """

    name: str
    x: float
    y: float
    hidden: bool = False
    group: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Box:
    """One labeled box.

    Args:
        sides: (4,) left, top, right, bottom in px.
        name: Its label.
        group: As of `Point`.
    """

    sides: np.ndarray
    name: str = ""
    group: str | None = None

    def holds(self, points: np.ndarray) -> np.ndarray:
        """Tell which points (N, 2) px are inside or on the border, (N,)."""
        inside = (points >= self.sides[:2]) & (points <= self.sides[2:])
        return np.asarray(inside.all(axis=1))


def assemble(
    where: str, points: Sequence[Point], boxes: Sequence[Box], names: Sequence[str], way_out: str
) -> list[LabeledObject]:
    """Make objects of an image's points and boxes.

    1. Points and boxes with the same group are an object.
    2. If there is only one keypoint, each point that is left and in no box is an object.
    3. If one box is left, it is that of all points that are left; if several, each point belongs
       to the one box that it is in.
    4. Without a box the points that are left are one object.

    Boxes without points are objects without keypoints.

    Args:
        where: The file and its image, for messages.
        points: All of the image.
        boxes: All of the image.
        names: Of the K keypoints.
        way_out: How the tool ties points together, for messages.

    Raises:
        InputError: It is not clear what belongs together.
    """
    tied: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        if point.group is not None:
            tied[point.group].append(point)
    boxes_of: dict[str, list[Box]] = defaultdict(list)
    for box in boxes:
        if box.group is not None:
            boxes_of[box.group].append(box)
    objects = []
    for group, some in tied.items():
        if len(own := boxes_of.pop(group, [])) > 1:
            raise InputError(f"{where}: {len(own)} boxes are tied to the same points. {way_out}")
        objects.append(_object(where, some, own[0] if own else None, names, way_out))
    loose = [point for point in points if point.group is None]
    free = [box for box in boxes if box.group is None]
    free += [box for left in boxes_of.values() for box in left]
    if loose and tied and not free and len(names) > 1:
        raise InputError(
            f"{where}: some points are tied together and others are not, such as {loose[0].name!r} "
            f"at x = {loose[0].x:g}, y = {loose[0].y:g} px. {way_out}"
        )
    return objects + _loose(where, loose, free, names, way_out)


def boxes_of_objects(
    where: str, objects: Sequence[np.ndarray], boxes: Sequence[Box]
) -> list[Box | None]:
    """Return the box of each object: the only one that holds all of its points, and no other's.

    Args:
        where: The file and its image, for messages.
        objects: The labeled points (N, 2) px of each.
        boxes: All of the image.
    """
    _check_number(where, len(objects), len(boxes))
    holds = np.array(
        [[len(points) > 0 and box.holds(points).all() for box in boxes] for points in objects], bool
    ).reshape(len(objects), len(boxes))
    clear = holds & (holds.sum(axis=1, keepdims=True) == 1) & (holds.sum(axis=0) == 1)
    return [boxes[row.argmax()] if row.any() else None for row in clear]


def turned_box(sides: np.ndarray, degrees: float, pivot: np.ndarray) -> np.ndarray:
    """Return the extent (4,) of a box (4,) px that is turned clockwise about a point (2,) px."""
    left, top, right, bottom = sides
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) - pivot
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turned = corners @ np.array([(cosine, sine), (-sine, cosine)]) + pivot
    return np.concatenate([turned.min(axis=0), turned.max(axis=0)])


def _loose(
    where: str, points: Sequence[Point], boxes: Sequence[Box], names: Sequence[str], way_out: str
) -> list[LabeledObject]:
    """Make objects of points that the file does not tie."""
    _check_number(where, len(points), len(boxes))
    inside: dict[int, list[Point]] = defaultdict(list)
    outside: list[Point] = []
    for point in points:
        holding = [
            number
            for number, box in enumerate(boxes)
            if box.holds(np.array([(point.x, point.y)])).any()
        ]
        if len(boxes) == 1 and len(names) > 1:
            holding = [0]
        if len(holding) > 1 or (len(boxes) > 1 and not holding and len(names) > 1):
            raise InputError(
                f"{where}: {point.name!r} at x = {point.x:g}, y = {point.y:g} px is in "
                f"{len(holding) or 'none'} of {len(boxes)} boxes. {way_out}"
            )
        if holding:
            inside[holding[0]].append(point)
        else:
            outside.append(point)
    objects = [
        _object(where, inside[number], box, names, way_out) for number, box in enumerate(boxes)
    ]
    if len(names) == 1:
        return objects + [_object(where, [point], None, names, way_out) for point in outside]
    return objects + ([_object(where, outside, None, names, way_out)] if outside else [])


def _check_number(where: str, points: int, boxes: int) -> None:
    if points * boxes > _MOST_PAIRS:
        raise InputError(
            f"{where}: {points:,} points and {boxes:,} boxes are more than in any image"
        )


def _object(
    where: str, points: Sequence[Point], box: Box | None, names: Sequence[str], way_out: str
) -> LabeledObject:
    keypoints = np.full((len(names), 2), np.nan)
    hidden = np.zeros(len(names), bool)
    for point in points:
        number = names.index(point.name)
        if np.isfinite(keypoints[number]).all():
            raise InputError(
                f"{where}: two points are called {point.name!r}, and nothing says that they belong "
                f"to two objects. {way_out}"
            )
        keypoints[number] = point.x, point.y
        hidden[number] = point.hidden
    first = points[0].name if points else "no points"
    return LabeledObject(
        keypoints=keypoints,
        hidden=hidden,
        box=box.sides if box else None,
        id=f"object with {first}" if not box or not box.name else box.name,
    )
