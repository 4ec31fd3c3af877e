"""Read predictions in JSON: of `mmhg test --dump`, of `mmhg infer`, COCO's results, and labels.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.config.with_test_scales import describe_scales
from mmhg.errors import InputError
from mmhg.results.scoring.labels_truth import labels_found
from mmhg.results.scoring.records import FoundPeople, FoundPerson
from mmhg.utils.coco_file import is_id
from mmhg.utils.files import read_json

Entry = dict[str, Any]


def read_found_json(path: Path) -> FoundPeople:
    """Read the people of a JSON file.

    Raises:
        InputError: The file cannot be read, or an entry cannot be used; names it and the entry.
    """
    name = f"predictions {path}"
    content = read_json(path, name)
    if isinstance(content, dict) and isinstance(content.get("annotations"), list):
        return _coco(name, content)
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        return labels_found(path)
    if not content:
        raise InputError(f"{name} have no people")
    if "image_id" in content[0]:
        return FoundPeople(people=_each(name, content, _result))
    if "keypoints" in content[0]:
        return FoundPeople(people=_each(name, content, _dumped), scales=_scales(name, content))
    return labels_found(path)


def _each(
    name: str, entries: list[Entry], read: Callable[[Entry], FoundPerson]
) -> list[FoundPerson]:
    people = []
    for number, entry in enumerate(entries):
        try:
            people.append(read(entry))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(f"{name}: entry {number} (from 0) cannot be used: {reason}") from None
        if len(people[-1].keypoints) != len(people[0].keypoints):
            raise InputError(
                f"{name}: entry {number} (from 0) has {len(people[-1].keypoints)} keypoints, but "
                f"the first one {len(people[0].keypoints)}"
            )
    return people


def _dumped(entry: Entry) -> FoundPerson:
    """Read a person of `mmhg test --dump`."""
    points = np.array(entry["keypoints"], dtype=np.float64)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise ValueError(f"keypoints must be [[x, y], ...], got shape {points.shape}")
    scores = entry.get("scores")
    confidences = None if scores is None else np.array(scores, dtype=np.float64)
    if confidences is None and points.shape[1] == 3:
        confidences = points[:, 2]
    if confidences is not None and confidences.shape != points.shape[:1]:
        raise ValueError(f"scores must be one per keypoint, got {confidences.shape}")
    image = entry.get("image")
    return FoundPerson(
        keypoints=points[:, :2],
        confidences=confidences,
        id=_whole(entry, "id"),
        image=None if image is None else (str(image).replace("\\", "/"), None),
    )


def _result(entry: Entry) -> FoundPerson:
    """Read a person of COCO's results."""
    points = _triples(entry)
    nothing = (points == 0).all(axis=1)
    score = entry.get("score")
    return FoundPerson(
        keypoints=np.where(nothing[:, None], np.nan, points[:, :2]),
        confidences=points[:, 2],
        image_id=_whole(entry, "image_id"),
        score=None if score is None else float(score),
        category=_whole_or_none(entry, "category_id"),
    )


def _coco(name: str, content: Entry) -> FoundPeople:
    """Read people of COCO's format, labels or predictions, which have a `score`.

    The third number of a keypoint is its score, or a flag, as in labels: one of 0, 1 and 2.
    """
    entries = [e for e in content["annotations"] if isinstance(e, dict) and e.get("keypoints")]
    listed = content.get("images")
    if not isinstance(listed, list) or not entries:
        raise InputError(f"{name} have no images, or no annotations with keypoints")
    images = {}
    for image in listed:
        if not isinstance(image, dict) or not is_id(image.get("id")):
            raise InputError(f"{name}: an image has no whole number as id: {str(image)[:60]}")
        images[image["id"]] = str(image.get("file_name", "")).replace("\\", "/")
    predicted = all("score" in one for one in entries)

    def person(entry: Entry) -> FoundPerson:
        points = _triples(entry)
        third = points[:, 2]
        flags = not predicted or (np.isin(third, (0, 1, 2)).all() and bool((third == 2).any()))
        known = third > 0 if flags else np.full(len(points), True)
        return FoundPerson(
            keypoints=np.where(known[:, None], points[:, :2], np.nan),
            confidences=None if flags else third,
            image=(images[entry["image_id"]], _whole_or_none(entry, "frame")),
            score=float(entry["score"]) if predicted else None,
            category=_whole_or_none(entry, "category_id"),
        )

    people = _each(name, entries, person)
    return FoundPeople(
        people=[one for one in people if np.isfinite(one.keypoints).any()],
        names=_names(content, people[0]),
        images=[(image, None) for image in images.values()],
        labels=not predicted,
    )


def _names(content: Entry, first: FoundPerson) -> list[str] | None:
    """Return the names of the keypoints, None where the category does not name as many."""
    categories = content.get("categories")
    for category in categories if isinstance(categories, list) else ():
        if isinstance(category, dict) and category.get("id", first.category) == first.category:
            names = category.get("keypoints")
            if isinstance(names, list) and len(names) == len(first.keypoints):
                return [*map(str, names)]
    return None


def _triples(entry: Entry) -> np.ndarray:
    points = np.array(entry["keypoints"], dtype=np.float64)
    if points.ndim == 1 and points.size % 3:
        raise ValueError(f"keypoints must be x, y, score of each in turn, got {points.size}")
    return points.reshape(-1, 3)


def _whole(entry: Entry, key: str) -> int:
    if not is_id(entry[key]):
        raise ValueError(f"{key} must be a whole number, got {entry[key]!r}")
    return int(entry[key])


def _whole_or_none(entry: Entry, key: str) -> int | None:
    return None if entry.get(key) is None else _whole(entry, key)


def _scales(name: str, entries: list[Entry]) -> str:
    try:
        found = {describe_scales([float(s) for s in one.get("test_scales", ())]) for one in entries}
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: test_scales must be numbers: {error}") from None
    if len(found) > 1:
        raise InputError(f"{name} were made in different ways: {sorted(found)}")
    return found.pop()
