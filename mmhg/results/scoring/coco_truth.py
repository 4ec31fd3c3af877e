"""Read the ground truth of COCO's format, of people or of anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.results.scoring.records import Truth
from mmhg.utils.coco_file import check_categories, read_coco

Entry = dict[str, Any]


def coco_truth(path: Path) -> Truth:
    """Read the labeled objects of a file; crowds and objects without label are left out.

    An image may have a `pixel_size`, in mm per px.

    Raises:
        InputError: The file cannot be used, nobody is labeled, or objects have several kinds of
            keypoints.
    """
    content = read_coco(path)
    file = f"ground truth {path}"
    if "annotations" not in content:
        raise InputError(f"{file} has no annotations to score against")
    check_categories(content, file)
    counted = [one for one in content["annotations"] if _counts(one)]
    if not counted:
        raise InputError(f"{file} has no object with labeled keypoints")
    images = {image["id"]: image for image in content["images"]}
    of_each = [images[one["image_id"]] for one in counted]
    points = np.array([one["keypoints"] for one in counted], dtype=np.float64)
    points = points.reshape(len(counted), -1, 3)
    has_boxes = all("bbox" in one for one in counted)
    boxes = None
    if has_boxes:
        boxes = np.array([one["bbox"] for one in counted], dtype=np.float64)
        boxes[:, 2:] += boxes[:, :2]
    return Truth(
        kind="COCO",
        file=str(path),
        names=_names(content, counted, file),
        keypoints=points[..., :2],
        labeled=points[..., 2] > 0,
        ids=[one["id"] for one in counted],
        images=[(str(image.get("file_name", "")), None) for image in of_each],
        image_ids=[one["image_id"] for one in counted],
        boxes=boxes,
        areas=np.array([one.get("area") or np.nan for one in counted], dtype=np.float64),
        pixel_sizes=_pixel_sizes(file, of_each),
        listed=[(str(one.get("file_name", "")), None, one["id"]) for one in content["images"]],
        content=content,
    )


def _names(content: Entry, people: list[Entry], file: str) -> list[str]:
    """Return the names of the people's keypoints, numbers from 0 where their category lacks some.

    Raises:
        InputError: The people's categories differ in their keypoints.
    """
    categories = {one["id"]: one for one in content["categories"]}
    count = len(people[0]["keypoints"]) // 3
    used: dict[tuple[str, ...], str] = {}
    for one in people:
        category = categories.get(one["category_id"], {})
        stated = category.get("keypoints")
        fits = isinstance(stated, list) and len(stated) == count
        names = tuple(map(str, stated if fits else range(count)))
        used.setdefault(names, str(category.get("name", one["category_id"])))
    if len(used) > 1:
        raise InputError(
            f"{file}: the categories {', '.join(used.values())} have different keypoints. Score "
            "them one by one, each in a file of its own"
        )
    return list(next(iter(used)))


def _counts(one: Entry) -> bool:
    return bool(one.get("num_keypoints")) and not one.get("iscrowd") and "keypoints" in one


def _pixel_sizes(file: str, images: list[Entry]) -> np.ndarray | None:
    sizes = [image.get("pixel_size") for image in images]
    if all(size is None for size in sizes):
        return None
    for image, size in zip(images, sizes, strict=True):
        if not isinstance(size, int | float) or not 0 < size < np.inf:
            raise InputError(
                f"{file}: image {image['id']}: pixel_size must be a positive number of mm per px "
                f"in all images or in none, got {size!r}"
            )
    return np.array(sizes, dtype=np.float64)
