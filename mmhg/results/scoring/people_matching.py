"""Find the prediction of each person of a ground truth: by id, or by the image.

Shapes: P people, K keypoints of the ground truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmhg.errors import InputError
from mmhg.results.scoring.doubts import scene_sizes
from mmhg.results.scoring.image_index import ImageIndex, Scene
from mmhg.results.scoring.records import (
    FoundPeople,
    FoundPerson,
    ImageKey,
    Predicted,
    Truth,
)

_NUMBERED = ("MPII", "FLIC", "LSP", "LSPET", "COCO")
"""Kinds whose people a dataset of MMPose numbers as the file does; labeling tools number others."""

_FAR = 1e6
"""Cost of matching a person with whom no keypoint can be compared."""

Columns = Mapping[int, int]
"""The file's number of each keypoint of the ground truth that it has."""


def match_people(found: FoundPeople, truth: Truth, path: str) -> Predicted:
    """Match people by their ids, or within each image so that the sum of distances is smallest.

    Raises:
        InputError: Ids, images or keypoints do not fit, or an id has two predictions.
    """
    columns = _columns(found, truth, path)
    index = ImageIndex(truth)
    notes: list[str] = []
    place = _by_id(found, truth, path)
    if place is None:
        place, notes = _by_image(found, truth, path, columns, index)
    people, joints = truth.keypoints.shape[:2]
    points = np.full((people, joints, 2), np.nan)
    confidences = np.full((people, joints), np.nan)
    for row, person in place.items():
        points[row], confidences[row] = _in_columns(person, columns, joints)
        points[row] += truth.origin
    seen = {index.scene_of(one) for one in found.people} | {*map(index.named, found.images)}
    if unused := [name for name in found.names or () if name not in truth.names]:
        notes.append(f"{path}: keypoints that the ground truth does not have: {', '.join(unused)}")
    return Predicted(
        keypoints=points,
        covered=np.isin(np.arange(joints), [*columns]),
        looked_at=np.array([r in place or scene in seen for r, scene in enumerate(index.scenes)]),
        confidences=None if np.isnan(confidences).all() else confidences,
        detections=_detections(found, truth, columns, index),
        scales=found.scales,
        labels=found.labels,
        notes=notes,
    )


def _columns(found: FoundPeople, truth: Truth, path: str) -> Columns:
    count = len(found.people[0].keypoints) if found.people else len(truth.names)
    if found.names is not None:
        names = [*found.names]
        columns = {k: names.index(name) for k, name in enumerate(truth.names) if name in names}
        if columns:
            return columns
        unnamed = [[str(k) for k in range(len(some))] == some for some in (names, [*truth.names])]
        if not any(unnamed):
            raise InputError(
                f"predictions {path} and ground truth {truth.file} have no keypoint in common: "
                f"{', '.join(names[:20])} and {', '.join(truth.names[:20])}"
            )
    if count != len(truth.names):
        raise InputError(
            f"predictions {path} have {count} keypoints, but ground truth {truth.file} has "
            f"{len(truth.names)}: {', '.join(truth.names[:20])}"
        )
    return {k: k for k in range(count)}


def _by_id(found: FoundPeople, truth: Truth, path: str) -> dict[int, FoundPerson] | None:
    """Match by the ids of dumped predictions; None where there are none, or of detected boxes."""
    numbered = truth.kind in _NUMBERED or not any(name for name, _ in truth.images)
    if not numbered or not found.people or any(person.id is None for person in found.people):
        return None
    rows = {number: row for row, number in enumerate(truth.ids)}
    without_label = {one["id"] for one in (truth.content or {}).get("annotations", ())} - {*rows}
    people = [person for person in found.people if person.id not in without_label]
    other = [
        person
        for person in people
        if person.id not in rows or not _same_image(person, truth.images[rows[person.id]])
    ]
    if other and any(name for name, _ in truth.images) and all(one.image for one in people):
        return None
    if other:
        raise InputError(
            f"predictions {path}: {len(other)} of {len(people)} people have an id that ground "
            f"truth {truth.file} does not have, for example {other[0].id}. Are they of another "
            "file or split?"
        )
    place: dict[int, FoundPerson] = {}
    for person in people:
        assert person.id is not None
        earlier = place.setdefault(rows[person.id], person)
        if not np.array_equal(earlier.keypoints, person.keypoints, equal_nan=True):
            raise InputError(
                f"predictions {path}: id {person.id} comes twice, with different keypoints. Leave "
                "one of them"
            )
    return place


def _same_image(person: FoundPerson, image: ImageKey) -> bool:
    if person.image is None or not image[0]:
        return True
    return PurePosixPath(person.image[0]).name == PurePosixPath(image[0]).name


def _by_image(
    found: FoundPeople, truth: Truth, path: str, columns: Columns, index: ImageIndex
) -> tuple[dict[int, FoundPerson], list[str]]:
    people: dict[Scene, list[FoundPerson]] = defaultdict(list)
    lost = []
    for person in found.people:
        scene = index.scene_of(person)
        if scene is None:
            lost.append(person)
        else:
            people[scene].append(person)
    notes = _about_lost(path, lost, found, truth)
    rows: dict[Scene, list[int]] = defaultdict(list)
    for row, scene in enumerate(index.scenes):
        rows[scene].append(row)
    sizes = scene_sizes(truth)
    place: dict[int, FoundPerson] = {}
    for scene, of_image in rows.items():
        here = people.get(scene, [])
        cost = np.array([[_cost(truth, row, sizes, p, columns) for p in here] for row in of_image])
        if cost.size:
            pairs = zip(*linear_sum_assignment(cost), strict=True)
            place |= {of_image[i]: here[j] for i, j in pairs}
    if more := len(found.people) - len(lost) - len(place):
        notes.append(
            f"{path}: {more} people more than are labeled in their images. They count in AP alone; "
            "elsewhere each labeled person is compared with the nearest"
        )
    return place, notes


def _about_lost(path: str, lost: list[FoundPerson], found: FoundPeople, truth: Truth) -> list[str]:
    """Refuse people of images that are not listed; leave them out where others have names."""
    if not lost:
        return []
    first = lost[0]
    example = first.image_id if first.image is None else first.image[0]
    what = (
        f"{path}: {len(lost)} of {len(found.people)} people are in images that ground truth "
        f"{truth.file} does not list, for example {example}"
    )
    if first.image is None or len(lost) == len(found.people):
        listed = f"; it has {truth.images[0][0]}" if first.image and truth.images[0][0] else ""
        raise InputError(f"predictions {what}{listed}. Are they of another file or split?")
    return [f"{what}. They count nowhere"]


def _cost(
    truth: Truth, row: int, sizes: np.ndarray, person: FoundPerson, columns: Columns
) -> float:
    """Return the mean distance of the keypoints that both have, in the labeled person's sizes."""
    points = person.keypoints[[*columns.values()]] + truth.origin
    off = np.linalg.norm(points - truth.keypoints[row, [*columns]], axis=1)
    off = off[truth.labeled[row, [*columns]] & np.isfinite(off)]
    size = sizes[row] if sizes[row] > 0 else 1.0
    return min(float(off.mean()) / size, _FAR) if off.size else _FAR


def _in_columns(
    person: FoundPerson, columns: Columns, joints: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return points (K, 2) and confidences (K,), NaN where the file has none."""
    points, confidences = np.full((joints, 2), np.nan), np.full(joints, np.nan)
    points[[*columns]] = person.keypoints[[*columns.values()]]
    if person.confidences is not None:
        confidences[[*columns]] = person.confidences[[*columns.values()]]
    return points, confidences


def _detections(
    found: FoundPeople, truth: Truth, columns: Columns, index: ImageIndex
) -> list[dict]:
    """Return all people of the ground truth's images as COCO's results."""
    if not truth.image_ids:
        return []
    detections = []
    for person in found.people:
        if (scene := index.scene_of(person)) is not None:
            points, confidences = _in_columns(person, columns, len(truth.names))
            detections.append(detection(scene, points, confidences, person.score, person.category))
    return detections


def detection(
    image_id: Scene,
    points: np.ndarray,
    confidences: np.ndarray | None,
    score: float | None = None,
    category: int | None = None,
) -> dict:
    """Make an entry of COCO's results; without a score, it is the mean confidence, or 1.

    Args:
        image_id: The image.
        points: (K, 2) 0-based px, NaN where nothing was predicted.
        confidences: (K,), NaN unknown, or None.
        score: Of the whole person.
        category: COCO's category_id, 1 if there is none.
    """
    known = np.isfinite(points).all(axis=1)
    if confidences is None:
        confidences = np.full(len(points), np.nan)
    if score is None or not np.isfinite(score):
        sure = confidences[known & np.isfinite(confidences)]
        score = float(sure.mean()) if sure.size else 1.0
    third = np.where(known, np.where(np.isfinite(confidences), confidences, 1.0), 0.0)
    rows = np.column_stack([np.where(known[:, None], points, 0.0), third])
    return {
        "image_id": image_id,
        "category_id": 1 if category is None else category,
        "keypoints": rows.ravel().tolist(),
        "score": score,
    }
