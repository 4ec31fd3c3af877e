"""COCO's evaluation of keypoints as xtcocotools computes it, on pycocotools.

xtcocotools needs a C compiler from Python 3.12 on, and numpy 1 below. mmdet requires pycocotools,
whose evaluation differs in which people and predictions take part, and in its arguments. COCO's
similarity needs a person's area: of both, neither evaluates a file where one has none.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from pycocotools import coco, cocoeval

from mmhg.errors import InputError
from mmhg.utils.coco_file import AREA_PER_BOX, check_categories, read_coco
from mmhg.utils.files import read_json


class COCO(coco.COCO):
    """COCO's reader with `read_coco`'s checks, for which results may be empty."""

    def __init__(self, annotation_file: str | None = None) -> None:
        super().__init__()
        self.source = annotation_file
        self.left_out_said = False
        if annotation_file is not None:
            self.dataset = read_coco(annotation_file)
            self.createIndex()

    def loadRes(self, resFile: str | list[dict[str, Any]]) -> coco.COCO:
        """Read predictions, from a file or a list, for the images of this file."""
        check_categories(self.dataset, f"annotation file {self.source}")
        predictions = resFile if isinstance(resFile, list) else read_json(Path(resFile))
        if predictions:
            return super().loadRes(predictions)
        results = coco.COCO()
        results.dataset = {**self.dataset, "annotations": []}
        results.createIndex()
        return results


class COCOeval(cocoeval.COCOeval):
    """Compare predicted keypoints with labeled ones; `sigmas` has one number per keypoint.

    Without `use_area`, a person's area is 0.53 of the box's. With it, a person without an area
    above 0 is left out, as a crowd is: neither found nor missed. A warning says so once for a file.

    Raises:
        InputError: `iouType` is CrowdPose's or COCO-WholeBody's, which only xtcocotools knows; or
            nobody in the file has an area, with `use_area`.
    """

    def __init__(
        self,
        cocoGt: coco.COCO,
        cocoDt: coco.COCO,
        iouType: str = "keypoints",
        sigmas: Sequence[float] | np.ndarray | None = None,
        use_area: bool = True,
    ) -> None:
        if iouType != "keypoints":
            raise InputError(
                f"iou_type={iouType!r} needs xtcocotools, which is not installed here or does not "
                "import: `pip install xtcocotools` (Python 3.10 or 3.11 with numpy 1; elsewhere a "
                "C compiler builds it). Without it, iou_type='keypoints' is evaluated"
            )
        super().__init__(cocoGt, cocoDt, iouType)
        self.use_area = use_area
        if sigmas is not None:
            self.params.kpt_oks_sigmas = np.asarray(sigmas)

    def _prepare(self) -> None:
        people, predictions = (self._chosen(source) for source in (self.cocoGt, self.cocoDt))
        self._gts, self._dts = defaultdict(list), defaultdict(list)
        self._say_left_out(people)
        for person in people:
            self._gts[person["image_id"], person["category_id"]].append(self._labeled(person))
        for prediction in predictions:
            if visible(prediction):
                self._dts[prediction["image_id"], prediction["category_id"]].append(prediction)

    def _chosen(self, source: coco.COCO) -> list[dict[str, Any]]:
        categories = self.params.catIds if self.params.useCats else []
        return source.loadAnns(source.getAnnIds(imgIds=self.params.imgIds, catIds=categories))

    def _labeled(self, person: dict[str, Any]) -> dict[str, Any]:
        changes = {
            # pycocotools treats a match with id 0 as no match.
            "id": person["id"] or -1,
            "ignore": not self._counts(person) or not self._measurable(person),
        }
        if not self.use_area or not has_area(person):
            width, height = person["bbox"][2:]
            changes["area"] = height * width * AREA_PER_BOX
        return {**person, **changes}

    def _counts(self, person: dict[str, Any]) -> bool:
        return bool(visible(person)) and not person["iscrowd"]

    def _measurable(self, person: dict[str, Any]) -> bool:
        return not self.use_area or has_area(person)

    def _say_left_out(self, people: list[dict[str, Any]]) -> None:
        if self.use_area and not getattr(self.cocoGt, "left_out_said", False):
            counted = [person for person in people if self._counts(person)]
            file = f"annotation file {getattr(self.cocoGt, 'source', None)}"
            self.cocoGt.left_out_said = leave_out_areas(counted, file)


def leave_out_areas(counted: Sequence[dict[str, Any]], file: str) -> bool:
    """Turn labeled people without area into crowds, and warn of it.

    Args:
        counted: The people of a COCO reader who count.
        file: Their file, for the message.

    Returns:
        True if there are any.

    Raises:
        InputError: Nobody has an area.
    """
    without = [person for person in counted if not has_area(person)]
    if not without:
        return False
    if len(without) == len(counted):
        raise InputError(
            f"{file}: none of {len(counted)} people has an area above 0, for example annotation "
            f"{without[0]['id']}, by which COCO's AP measures distances. Add each person's area "
            "in square px, or set use_area=False in val_evaluator and test_evaluator to take 0.53 "
            "of the box's, as MMPose does"
        )
    for person in without:
        width, height = person["bbox"][2:]  # by which predictions of them are found
        person["iscrowd"], person["area"] = 1, width * height * AREA_PER_BOX
    print_log(
        f"{file}: COCO's AP leaves out {len(without)} of {len(counted)} people, who have no area "
        f"above 0, for example annotation {without[0]['id']}. use_area=False in val_evaluator and "
        "test_evaluator takes the area from the box",
        logger="current",
        level=logging.WARNING,
    )
    return True


def has_area(person: dict[str, Any]) -> bool:
    """Tell if a labeled person has an area above 0."""
    area = person.get("area") or 0
    return bool(np.isfinite(area) and area > 0)


def visible(annotation: dict[str, Any]) -> int:
    """Count the keypoints whose third number, the label's flag or the score, is above 0."""
    return int(np.count_nonzero(np.asarray(annotation.get("keypoints", ()))[2::3] > 0))
