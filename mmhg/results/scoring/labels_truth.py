"""Take what labeling tools write as ground truth, or as a second person's labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.normalizers import extents
from mmhg.labels.labels import LabeledImage, Labels
from mmhg.labels.recognize import read_labels
from mmhg.results.scoring.records import FoundPeople, FoundPerson, ImageKey, Truth


def labels_truth(path: Path) -> Truth:
    """Read the labeled objects of any format that `mmhg import` reads.

    Raises:
        InputError: The labels cannot be read, or nothing is labeled.
    """
    labels = read_labels(path)
    keys = [_key(labels, image) for image in labels.images]
    pairs = [
        (number, one)
        for number, image in enumerate(labels.images)
        for one in image.objects
        if one.labeled.any()
    ]
    if not pairs:
        raise InputError(f"ground truth {path} has no object with labeled keypoints")
    points = np.stack([one.keypoints for _, one in pairs])
    boxes = [np.full(4, np.nan) if one.box is None else one.box for _, one in pairs]
    areas = [np.nan if one.area is None else one.area for _, one in pairs]
    labeled = np.isfinite(points).all(axis=2)
    return Truth(
        kind=labels.format,
        file=str(path),
        names=list(labels.keypoints),
        keypoints=points,
        labeled=labeled,
        ids=range(len(pairs)),
        images=[keys[number] for number, _ in pairs],
        image_ids=[number for number, _ in pairs],
        listed=[(*key, number) for number, key in enumerate(keys)],
        content=_content(labels, [number for number, _ in pairs], points, labeled, boxes, areas),
        boxes=np.stack(boxes) if all(one.box is not None for _, one in pairs) else None,
        areas=np.array(areas, dtype=np.float64),
        notes=labels.notes,
    )


def labels_found(path: Path) -> FoundPeople:
    """Read the objects of any such format as a second person's labels."""
    labels = read_labels(path)
    return FoundPeople(
        people=[
            FoundPerson(keypoints=one.keypoints, image=_key(labels, image))
            for image in labels.images
            for one in image.objects
            if one.labeled.any()
        ],
        names=list(labels.keypoints),
        images=[_key(labels, image) for image in labels.images],
        labels=True,
    )


def _content(
    labels: Labels,
    image_ids: Sequence[int],
    points: np.ndarray,
    labeled: np.ndarray,
    boxes: Sequence[np.ndarray],
    areas: Sequence[float],
) -> dict[str, Any]:
    """Make the content of a file in COCO's format, for AP."""
    around = np.where(np.isnan(boxes), extents(points, labeled), boxes)
    flags = np.where(labeled, 2, 0)
    annotations = []
    for number, image_id in enumerate(image_ids):
        known = np.where(labeled[number, :, None], points[number], 0.0)
        left, top, right, bottom = around[number].tolist()
        annotations.append(
            dict(
                id=number,
                image_id=image_id,
                category_id=1,
                iscrowd=0,
                bbox=[left, top, right - left, bottom - top],
                num_keypoints=int(labeled[number].sum()),
                keypoints=np.column_stack([known, flags[number]]).ravel().tolist(),
                area=None if np.isnan(areas[number]) else areas[number],
            )
        )
    return dict(
        images=[dict(id=number) for number in range(len(labels.images))],
        annotations=annotations,
        categories=[dict(id=1, name=labels.category, keypoints=list(labels.keypoints))],
    )


def _key(labels: Labels, image: LabeledImage) -> ImageKey:
    path: PurePath = image.path
    if path.is_relative_to(labels.root):
        path = path.relative_to(labels.root)
    return path.as_posix(), image.frame
