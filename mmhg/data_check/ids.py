"""Ids of a COCO file that are empty, doubled, or of nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mmhg.data_check.records import Source
from mmhg.utils.coco_file import is_id

_KIND = "empty-or-doubled-ids"


def check_ids(
    source: Source,
    images: Sequence[Mapping[str, Any]],
    annotations: Sequence[Mapping[str, Any]],
    by_id: Mapping[Any, Mapping[str, Any]],
) -> None:
    """Note what is wrong with the ids of a file's images and annotations.

    Args:
        source: That the file is.
        images: Its images.
        annotations: Its annotations.
        by_id: The images by their ids.
    """
    _check(source, "image", images, by_id)
    _check(source, "annotation", annotations, by_id)
    names = Counter(map(name_of, images))
    for image in images:
        name = name_of(image)
        if not name:
            source.add(_KIND, "an image has no file_name", id=image.get("id"))
        elif names[name] > 1:
            text = f"{names[name]} images have the file_name {name}"
            source.add(_KIND, text, id=image.get("id"), picture=source.path_of(name))
    for one in annotations:
        key = one.get("image_id")
        if not hashable(key) or key not in by_id:
            shown = "nothing" if key is None else f"{key!r:.40}"
            source.add(_KIND, f"its image_id is {shown}, which no image has", id=one.get("id"))


def _check(
    source: Source,
    what: str,
    entries: Sequence[Mapping[str, Any]],
    by_id: Mapping[Any, Mapping[str, Any]],
) -> None:
    seen = Counter(one["id"] for one in entries if is_id(one.get("id")))
    for index, one in enumerate(entries):
        number = one.get("id")
        if not is_id(number):
            found = "no id" if number in (None, "") else f"the id {number!r:.40}, no whole number"
        elif seen[number] > 1:
            found = f"the id {number}, as have {seen[number] - 1} others"
        else:
            continue
        image = one
        if what == "annotation":
            key = one.get("image_id")
            image = by_id.get(key, {}) if hashable(key) else {}
        picture = source.path_of(name_of(image)) if name_of(image) else None
        source.add(_KIND, f"{what} {index} (from 0) has {found}", id=number, picture=picture)


def name_of(image: Mapping[str, Any]) -> str:
    """Return an image's file name, empty if it has none."""
    name = image.get("file_name")
    return name if isinstance(name, str) else ""


def hashable(value: Any) -> bool:
    """Tell if a value of a file can be looked up."""
    return isinstance(value, int | str | float)
