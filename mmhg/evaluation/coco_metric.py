"""COCO's AP on the images of a dataset, which may be a part of its annotation file."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mmengine.fileio import get_local_path
from mmpose.evaluation import CocoMetric
from mmpose.registry import METRICS
from xtcocotools.coco import COCO

from mmhg.compat.coco_evaluation import leave_out_areas
from mmhg.errors import InputError
from mmhg.utils.coco_file import check_categories, warn_once

MOST_PEOPLE = 20
"""COCO's evaluation of keypoints looks at so many predictions of an image, the best ones."""


@METRICS.register_module()
class CocoPersonMetric(CocoMetric):
    """MMPose's `CocoMetric` on the images of a `CocoPersonDataset`.

    `ann_file` is the dataset's if it is not given. Images that the dataset leaves to training do
    not count as missed; crowds and people without keypoints of the others are ignored, as in COCO.
    Settings are those of `mmpose.evaluation.CocoMetric`.

    Raises:
        InputError: The file cannot be used or scored; names it, the id and the value.
    """

    coco: Any

    def __init__(self, ann_file: str | None = None, **settings: Any) -> None:
        super().__init__(None, **settings)  # which would read the file twice
        self.ann_file = ann_file
        if ann_file is not None:
            with get_local_path(ann_file) as local_path:
                self.coco = COCO(local_path)

    @property
    def dataset_meta(self) -> dict | None:
        """Hold the dataset's metainfo; mmengine sets it before training begins."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        CocoMetric.dataset_meta.fset(self, dataset_meta)
        if self.coco is None:
            return
        if "image_ids" in dataset_meta:
            self.coco = part_of(self.coco, set(dataset_meta["image_ids"]))
        if not self.format_only:
            self._check_people(f"annotation file {self.ann_file or self.coco.source}")

    def _check_people(self, file: str) -> None:
        """Refuse what would end with AP -1 after everything has been predicted, say the rest."""
        if "annotations" not in self.coco.dataset:
            raise InputError(
                f"{file} has no annotations to score against. To write results "
                "for a server, set format_only=True and outfile_prefix"
            )
        check_categories(self.coco.dataset, file)
        counted = [
            person
            for person in self.coco.anns.values()
            if person.get("num_keypoints") and not person["iscrowd"]
        ]
        if self.use_area:
            leave_out_areas(counted, file)
        per_image = Counter(person["image_id"] for person in counted)
        crowded = [image for image, count in per_image.items() if count > MOST_PEOPLE]
        if crowded:
            warn_once(
                f"{file}: {len(crowded)} images have more than {MOST_PEOPLE} "
                "people, which is all that COCO's AP counts of an image, for example image "
                f"{crowded[0]}: not even perfect predictions would score 1 there"
            )


def part_of(annotations: Any, image_ids: set[int]) -> Any:
    """Return a COCO reader's content without the other images and their people."""
    content = annotations.dataset
    part = type(annotations)()
    part.source = getattr(annotations, "source", None)
    part.dataset = content | {
        "images": [image for image in content["images"] if image["id"] in image_ids],
        "annotations": [
            one for one in content.get("annotations", ()) if one["image_id"] in image_ids
        ],
    }
    part.createIndex()
    return part
