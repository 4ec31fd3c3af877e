"""COCO's AP on the images of a dataset, which may be a part of its annotation file."""

from __future__ import annotations

from typing import Any

from mmpose.evaluation import CocoMetric
from mmpose.registry import METRICS


@METRICS.register_module()
class CocoPersonMetric(CocoMetric):
    """MMPose's `CocoMetric` on the images of a `CocoPersonDataset`.

    `ann_file` is the dataset's if it is not given. Images that the dataset leaves to training do
    not count as missed; crowds and people without keypoints of the others are ignored, as in COCO.
    Settings are those of `mmpose.evaluation.CocoMetric`.
    """

    coco: Any

    @property
    def dataset_meta(self) -> dict | None:
        """Hold the dataset's metainfo; mmengine sets it before training begins."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        CocoMetric.dataset_meta.fset(self, dataset_meta)
        if self.coco is not None and "image_ids" in dataset_meta:
            self.coco = part_of(self.coco, set(dataset_meta["image_ids"]))


def part_of(annotations: Any, image_ids: set[int]) -> Any:
    """Return a COCO reader's content without the other images and their people."""
    content = annotations.dataset
    part = type(annotations)()
    part.dataset = content | {
        "images": [image for image in content["images"] if image["id"] in image_ids],
        "annotations": [
            one for one in content.get("annotations", ()) if one["image_id"] in image_ids
        ],
    }
    part.createIndex()
    return part
