"""Name what COCO's AP cannot count, even of perfect predictions."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from mmpose.evaluation.metrics import CocoMetric
from mmpose.structures import PoseDataSample

from mmhg.compat import coco_evaluation
from mmhg.errors import InputError
from mmhg.evaluation.coco_metric import MOST_PEOPLE


def coco_trial(metric: CocoMetric, samples: Sequence[PoseDataSample]) -> CocoMetric:
    """Copy a COCO metric so that perfect predictions of `samples` score 1.

    Images of more than `MOST_PEOPLE` people are left out, and people of the annotation file who
    are not among the samples (for example without a box) count as crowds, which neither help nor
    harm. Both are said. Nothing is suppressed as a duplicate, since annotated people are none, and
    no file is written.

    Raises:
        InputError: The metric's annotation file has people in images that the dataset lacks.
    """
    copied = copy(metric)
    copied.nms_mode, copied.outfile_prefix = "none", None
    if metric.coco is None:  # it will be made of the samples
        return copied
    people = {ident: person for ident, person in metric.coco.anns.items() if _counts(person)}
    _check_areas(metric, people)
    per_image = Counter(person["image_id"] for person in people.values())
    boxed = {p["image_id"] for p in people.values() if _has_box(p, metric.coco.imgs[p["image_id"]])}
    seen = {ident for sample in samples for ident in _ids(sample)}
    if unseen := sorted(boxed - {sample.img_id for sample in samples}):
        raise InputError(
            f"CocoMetric scores {len(per_image)} images with people of {_file(metric)}, but "
            f"{len(unseen)} of them, for example {unseen[0]}, are not in the validation dataset "
            "(its ann_file, indices, sample_interval): their people would count as missed. Set "
            "val_evaluator.ann_file to a file of the dataset's images"
        )
    crowded = {image for image, count in per_image.items() if count > MOST_PEOPLE}
    missing = sorted(i for i, p in people.items() if i not in seen and p["image_id"] not in crowded)
    log = MMLogger.get_current_instance().warning
    if crowded:
        log(
            f"preflight: {len(crowded)} images have more than {MOST_PEOPLE} people, which is all "
            f"that COCO's AP counts of an image, for example {min(crowded)}: not even perfect "
            "predictions would score 1 there"
        )
    if missing:
        log(
            f"preflight: {len(missing)} people of {_file(metric)} are not in the validation "
            f"dataset, for example id {missing[0]} (a box without area?): they count as missed"
        )
    copied.coco = copy(metric.coco)
    copied.coco.imgs = {i: image for i, image in metric.coco.imgs.items() if i not in crowded}
    copied.coco.anns = {
        ident: {**person, "iscrowd": 1} if ident in missing else dict(person)
        for ident, person in metric.coco.anns.items()
    }
    return copied


def without_crowded(metric: Any, samples: Iterable[PoseDataSample]) -> list[PoseDataSample]:
    """Leave out samples of images that a copy of `coco_trial` leaves out."""
    coco = getattr(metric, "coco", None)
    return [sample for sample in samples if coco is None or sample.img_id in coco.imgs]


def _check_areas(metric: CocoMetric, people: dict[Any, dict[str, Any]]) -> None:
    """Refuse people without area where they would end the evaluation."""
    if not metric.use_area or _leaves_out_areas():
        return
    without = [ident for ident, person in people.items() if not coco_evaluation.has_area(person)]
    if without:
        raise InputError(
            f"{len(without)} people of {_file(metric)} have no area above 0, for example id "
            f"{without[0]}, and COCO's AP needs it. Set val_evaluator.use_area=False to take it "
            "from the box"
        )


def _leaves_out_areas() -> bool:
    """Tell if mmhg's evaluation stands for xtcocotools, which people without area would end."""
    return sys.modules["xtcocotools.cocoeval"] is coco_evaluation


def _file(metric: CocoMetric) -> str:
    return metric.ann_file or "the dataset's annotation file"


def _has_box(person: dict[str, Any], image: dict[str, Any]) -> bool:
    """Tell if MMPose's datasets keep a person's box: some of it lies inside of the image."""
    x, y, width, height = person.get("bbox") or (0, 0, 0, 0)
    across = min(x + width, image["width"] - 1) - max(x, 0)
    return across > 0 and min(y + height, image["height"] - 1) - max(y, 0) > 0


def _counts(person: dict[str, Any]) -> bool:
    flags = np.asarray(person.get("keypoints", ()))[2::3]
    return bool((flags > 0).any()) and not person.get("iscrowd")


def _ids(sample: PoseDataSample) -> list[Any]:
    return list(sample.id) if isinstance(sample.id, Sequence | np.ndarray) else [sample.id]
