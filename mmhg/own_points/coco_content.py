"""Labels as the content of COCO's keypoint files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mmhg.labels import LabeledImage, LabeledObject, Labels
from mmhg.utils.coco_file import AREA_PER_BOX, check_points

_DECIMALS = 4
"""Of coordinates, px."""


def coco_content(
    labels: Labels,
    images: Sequence[LabeledImage],
    boxes: Sequence[Sequence[np.ndarray]],
    name_of: Callable[[LabeledImage], str],
) -> dict[str, Any]:
    """Return what one file holds.

    A keypoint has the flag 2, 1 where it is hidden, and 0 with the coordinates 0, 0 where it has no
    label. An object's area is its mask's where the labels have one, else 0.53 of its box's, as
    MMPose estimates it.

    Args:
        labels: What the images are of.
        images: Those of the file.
        boxes: Of each image's objects, left, top, right, bottom in px.
        name_of: Gives an image's `file_name`.

    Raises:
        InputError: A keypoint or a box lies far outside of its image. It names the picture.
    """
    entries: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (image, boxed) in enumerate(zip(images, boxes, strict=True), start=1):
        size = dict(width=image.width, height=image.height)
        entries.append(dict(id=image_id, file_name=name_of(image), **size))
        for one, box in zip(image.objects, boxed, strict=True):
            where = f"{image.path}{'' if image.frame is None else f', frame {image.frame}'}"
            where += f", object {one.id}" if one.id else ""
            check_points(f"{where}: keypoint", one.keypoints[one.labeled], size)
            check_points(f"{where}: box", box.reshape(2, 2), size)
            ids = dict(id=len(annotations) + 1, image_id=image_id, category_id=1, iscrowd=0)
            annotations.append(ids | _annotation(one, box))
    category = dict(
        id=1,
        name=labels.category,
        keypoints=list(labels.keypoints),
        skeleton=[[one + 1, other + 1] for one, other in labels.skeleton],
    )
    return dict(images=entries, annotations=annotations, categories=[category])


def _annotation(one: LabeledObject, box: np.ndarray) -> dict[str, Any]:
    left, top, right, bottom = box.tolist()
    flags = np.where(one.labeled, np.where(one.hidden, 1, 2), 0)
    points = np.where(one.labeled[:, None], one.keypoints, 0).round(_DECIMALS).tolist()
    keypoints = [
        value for (x, y), flag in zip(points, flags.tolist(), strict=True) for value in (x, y, flag)
    ]
    area = AREA_PER_BOX * (right - left) * (bottom - top) if one.area is None else one.area
    return dict(
        bbox=[round(value, _DECIMALS) for value in (left, top, right - left, bottom - top)],
        area=round(float(area), _DECIMALS),
        num_keypoints=int(one.labeled.sum()),
        keypoints=keypoints,
    )
