"""Bring what a file lists together with the pictures: their sizes, and the way up they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.labels import LabeledImage, LabeledObject
from mmhg.labels.pictures import Pictures, measure
from mmhg.pictures import Header
from mmhg.utils.coco_file import check_points
from mmhg.utils.progress import with_progress


@dataclass(frozen=True, kw_only=True)
class ListedImage:
    """An image as a file of labels has it.

    Args:
        names: That its picture may have, the most likely first.
        where: The file and what it calls the image, for messages.
        objects: In px of the picture.
        shares: `objects` are in shares of its width and height instead.
        size: Width and height in px that the file states; None where it states none.
        group: As in `LabeledImage`.
        split: As in `LabeledImage`.
    """

    names: Sequence[str]
    where: str
    objects: Sequence[LabeledObject]
    shares: bool = False
    size: tuple[float, float] | None = None
    group: str | None = None
    split: str | None = None


def with_pictures(
    listed: Sequence[ListedImage], pictures: Pictures, notes: list[str]
) -> list[LabeledImage]:
    """Return the images with their pictures' paths and sizes.

    Labels of a picture that EXIF turns belong to the upright picture. If the file states the size
    of the picture as it is stored, they belong to that, and are turned with it.

    Args:
        listed: The images.
        pictures: Where the pictures are.
        notes: Gets a sentence where EXIF matters.

    Raises:
        InputError: A picture is missing, cannot be read or has another size, or a label lies far
            outside of it. Names it.
    """
    paths = pictures.find([one.names for one in listed])
    images = []
    turned = upright = 0
    measured = with_progress(zip(listed, paths, strict=True), len(listed), "pictures", delay=2)
    for one, path in measured:
        header = measure(path)
        objects = one.objects
        if one.shares:
            objects = [_scaled(labeled, one.size or header.size) for labeled in objects]
        if one.size is not None and _is_as_stored(one.size, header):
            if _are_inside(objects, one.size):
                objects = [_turned(labeled, header) for labeled in objects]
                turned += 1
            else:
                upright += 1
        elif one.size is not None and one.size != header.size:
            raise InputError(
                f"{one.where} is {one.size[0]:g} x {one.size[1]:g} px by the labels, but {path} "
                f"has {header.size[0]} x {header.size[1]}. Give the pictures that were labeled "
                "by --images"
            )
        elif header.orientation != 1:
            upright += 1
        width, height = header.size
        for labeled in objects:
            check_inside(f"{one.where}: {labeled.id}", labeled, width, height)
        images.append(
            LabeledImage(
                path=path,
                width=width,
                height=height,
                objects=objects,
                group=one.group,
                split=one.split,
            )
        )
    if turned:
        notes.append(
            f"{turned} pictures are turned by EXIF, and labeled as they are stored: their labels "
            "are turned with them."
        )
    if upright:
        notes.append(
            f"{upright} pictures are turned by EXIF: their labels are taken as those of the "
            "upright picture."
        )
    return images


def check_inside(where: str, labeled: LabeledObject, width: int, height: int) -> None:
    """Raise InputError if a keypoint or a box lies farther outside than anyone's can."""
    sides = dict(width=width, height=height)
    check_points(f"{where}: keypoint", labeled.keypoints[labeled.labeled], sides)
    if labeled.box is not None:
        check_points(f"{where}: box", labeled.box.reshape(2, 2), sides)


def turn_upright(points: np.ndarray, header: Header) -> np.ndarray:
    """Move points (N, 2) of a picture as it is stored to where EXIF's orientation moves them.

    The picture's edges are at 0 and at its width and height, as in tools that run in a browser.
    """
    x, y = points[:, 0], points[:, 1]
    right, bottom = header.width - x, header.height - y
    moved = {
        2: (right, y),
        3: (right, bottom),
        4: (x, bottom),
        5: (y, x),
        6: (bottom, x),
        7: (bottom, right),
        8: (y, right),
    }
    return np.column_stack(moved.get(header.orientation, (x, y)))


def _is_as_stored(stated: tuple[float, float], header: Header) -> bool:
    """Tell if a file states a picture's size as it is before EXIF lays it on its side."""
    return stated != header.size and stated == (header.width, header.height)


def _are_inside(objects: Sequence[LabeledObject], size: tuple[float, float]) -> bool:
    points = [one.keypoints[one.labeled] for one in objects]
    points += [one.box.reshape(2, 2) for one in objects if one.box is not None]
    return all((some <= size).all() for some in points)


def _scaled(labeled: LabeledObject, size: tuple[float, float]) -> LabeledObject:
    box = None if labeled.box is None else labeled.box * (size * 2)
    return replace(labeled, keypoints=labeled.keypoints * size, box=box)


def _turned(labeled: LabeledObject, header: Header) -> LabeledObject:
    box = labeled.box
    if box is not None:
        corners = turn_upright(box.reshape(2, 2), header)
        box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return replace(labeled, keypoints=turn_upright(labeled.keypoints, header), box=box)
