"""Read files of predictions for a ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.results.scoring.array_matching import match_array
from mmhg.results.scoring.doubts import doubts_of
from mmhg.results.scoring.found_files import read_found
from mmhg.results.scoring.people_matching import detection, match_people
from mmhg.results.scoring.records import FoundArray, Predicted, Truth
from mmhg.utils.bounds import LARGEST_COORDINATE


def read_predicted(path: str, truth: Truth) -> Predicted:
    """Read a file, and find the prediction of each person of the ground truth.

    Raises:
        InputError: The file cannot be used, or does not fit the ground truth.
    """
    found = read_found(Path(path))
    if isinstance(found, FoundArray):
        _check_bounds(path, found.stored)
        predicted = match_array(found, truth, path)
        if truth.image_ids:
            predicted = replace(predicted, detections=_of_rows(predicted, truth))
    else:
        for number, person in enumerate(found.people):
            _check_bounds(f"{path}: entry {number} (from 0)", person.keypoints)
        predicted = match_people(found, truth, path)
    needed = truth.labeled & predicted.covered
    missed = needed & ~np.isfinite(predicted.keypoints).all(axis=2)
    if missed.all(axis=None, where=needed):
        raise InputError(f"predictions {path} have nothing for any label of {truth.file}")
    return replace(predicted, doubts=doubts_of(path, predicted.keypoints, truth))


def _check_bounds(where: str, points: np.ndarray) -> None:
    """Raise InputError for a coordinate that no picture has; NaN and infinity are missed points."""
    far = np.isfinite(points) & (np.abs(points) > LARGEST_COORDINATE)
    if far.any():
        raise InputError(
            f"predictions {where}: {points[far][0]:g} is more than {LARGEST_COORDINATE:,.0f} px "
            "from the origin"
        )


def only_looked_at(truth: Truth, files: Sequence[Predicted]) -> tuple[Truth, list[Predicted]]:
    """Leave the people out whose images no file has anything in."""
    rows = np.flatnonzero(np.any([one.looked_at for one in files], axis=0)).tolist()

    def chosen(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[rows]

    part = replace(
        truth,
        keypoints=truth.keypoints[rows],
        labeled=truth.labeled[rows],
        ids=[truth.ids[row] for row in rows],
        images=[truth.images[row] for row in rows],
        image_ids=[truth.image_ids[row] for row in rows] if truth.image_ids else (),
        boxes=chosen(truth.boxes),
        areas=chosen(truth.areas),
        sizes={name: size[rows] for name, size in truth.sizes.items()},
        pixel_sizes=chosen(truth.pixel_sizes),
        content=_part_of(truth, rows, files),
    )
    predicted = [
        replace(
            one,
            keypoints=one.keypoints[rows],
            looked_at=one.looked_at[rows],
            confidences=chosen(one.confidences),
        )
        for one in files
    ]
    return part, predicted


def _part_of(
    truth: Truth, rows: Sequence[int], files: Sequence[Predicted]
) -> dict[str, Any] | None:
    """Return the content with the images of these people, and of what was predicted elsewhere."""
    if truth.content is None:
        return None
    used = {truth.image_ids[row] for row in rows}
    used |= {found["image_id"] for one in files for found in one.detections}
    return truth.content | {
        "images": [one for one in truth.content["images"] if one["id"] in used],
        "annotations": [one for one in truth.content["annotations"] if one["image_id"] in used],
    }


def _of_rows(predicted: Predicted, truth: Truth) -> list[dict]:
    confidences = predicted.confidences
    return [
        detection(
            image_id,
            predicted.keypoints[row] - truth.origin,
            None if confidences is None else confidences[row],
        )
        for row, image_id in enumerate(truth.image_ids)
    ]
