"""Read people's boxes in the format of COCO's results, for the images of an annotation file."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from mmengine.fileio import get_local_path
from mmengine.logging import print_log

from mmhg.errors import InputError
from mmhg.utils.coco_file import check_coco_box, is_id
from mmhg.utils.files import read_json


class Detection(NamedTuple):
    """A detected box: left, top, right, bottom (4,) in 0-based px."""

    image_id: int
    box: np.ndarray
    score: float


def read_detections(
    path: str, category: int, images: Mapping[int, dict[str, Any]]
) -> list[Detection]:
    """Read the boxes of people, in the file's order.

    A warning says how many boxes are left out: those of other categories, of images that are not
    in `images`, and those without area.

    Args:
        path: A list of objects with `image_id`, `category_id`, `bbox` (x, y, width, height in px)
            and `score`.
        category: The id of people.
        images: The images of the annotation file, by id.

    Raises:
        InputError: The file cannot be used, or has no box of a person; names it and the box.
    """
    with get_local_path(path) as local_path:
        records = read_json(local_path)
    if not isinstance(records, list):
        raise InputError(f"bbox_file {path} must be a list of boxes, got {type(records).__name__}")
    found, left_out = [], Counter[str]()
    for number, record in enumerate(records):
        where = f"bbox_file {path}: box {number} (from 0)"
        if not isinstance(record, dict):
            raise InputError(f"{where} must be an object, got {type(record).__name__}")
        for key in ("image_id", "category_id"):
            if not is_id(record.get(key)):
                raise InputError(f"{where}: {key} must be a whole number, got {record.get(key)!r}")
        score = record.get("score")
        if not isinstance(score, int | float) or not np.isfinite(score):
            raise InputError(f"{where}: score must be a finite number, got {score!r}")
        image = images.get(record["image_id"])
        box = check_coco_box(where, record, image or {})
        if record["category_id"] != category:
            left_out[f"of another category than {category} (person)"] += 1
        elif image is None:
            left_out["of images that the annotation file does not list"] += 1
        elif not (box[2:] > box[:2]).all():
            left_out["without area"] += 1
        else:
            found.append(Detection(record["image_id"], box, float(score)))
    said = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
    if not found:
        raise InputError(f"bbox_file {path} has no box of a person: {said or 'it is empty'}")
    if left_out:
        print_log(
            f"bbox_file {path}: left out {left_out.total()} of {len(records)} boxes: {said}",
            logger="current",
            level=logging.WARNING,
        )
    return found
