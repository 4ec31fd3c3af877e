"""COCO's format with `hold_out`; for own data as well."""

from __future__ import annotations

import os.path as osp
from typing import Any

import numpy as np
from mmpose.datasets import CocoDataset
from mmpose.registry import DATASETS

from mmhg.datasets.formats.coco_boxes import read_detections
from mmhg.datasets.hold_out import HoldOut, held_out
from mmhg.errors import InputError
from mmhg.utils.coco_file import check_categories, person_category


@DATASETS.register_module()
class CocoPersonDataset(CocoDataset):
    """MMPose's `CocoDataset`, of which a part can be held out of training to validate.

    The files are checked (`mmhg.utils.coco_file`). In test mode its metainfo has `image_ids`, the
    images of this dataset, and `CocoPersonMetric` evaluates these alone. Detected boxes are those
    of the category that `ann_file` calls person, or of its only one.

    Args:
        ann_file: Annotations in COCO's format, below `data_root`.
        hold_out: Splits a file that has no split of its own: n for images 0, n, 2n, ... of the
            file, or a list of images' file names. With `test_mode` the dataset has the people of
            these images, without it those of the others. Set it alike in training and validation.
            None keeps all.
        settings: As for `mmpose.datasets.CocoDataset`.

    Raises:
        InputError: A file cannot be used, or nobody is left; names the file, the id and the value.
    """

    def __init__(self, ann_file: str = "", *, hold_out: HoldOut = None, **settings: Any) -> None:
        self.hold_out = hold_out
        super().__init__(ann_file, **settings)

    def load_data_list(self) -> list[dict]:
        """Make the samples, and refuse a file that gives none."""
        samples: list[dict] = super().load_data_list()
        if not samples and not self.bbox_file:
            raise InputError(
                f"annotation file {self.ann_file} has nobody to "
                f"{'validate on' if self.test_mode else 'train on'}. A person needs a box with an "
                "area inside of the image and a keypoint of flag 1 or 2, and must be no crowd"
            )
        return samples

    def parse_data_info(self, raw_data_info: dict) -> dict | None:
        """Make an instance of an annotation; None if it has no box or no keypoints."""
        person = raw_data_info["raw_ann_info"]
        found, expected = len(person.get("keypoints", ())) // 3, self.metainfo["num_keypoints"]
        if found not in (0, expected):
            raise InputError(
                f"annotation file {self.ann_file}: annotation {person['id']} has {found} "
                f"keypoints, but the metainfo of {self.metainfo['dataset_name']!r} has {expected}. "
                "Give the config the metainfo of your keypoints, or leave such people out"
            )
        instance: dict | None = super().parse_data_info(raw_data_info)
        return instance

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Make instances and images of `ann_file`."""
        try:
            instances, images = super()._load_annotations()
        except KeyError as error:
            raise InputError(f"annotation file {self.ann_file}: images lack {error}") from error
        check_categories(self.coco.dataset, f"annotation file {self.ann_file}")
        used = self._used(images)
        return self._kept(instances, used), self._kept(images, used)

    def _load_detection_results(self) -> list[dict]:
        """Make instances of `bbox_file`."""
        self._load_annotations()
        images, count = self.coco.imgs, self.metainfo["num_keypoints"]
        used = self._used(list(images.values()))
        file = f"annotation file {self.ann_file}"
        category = person_category(self.coco.dataset["categories"], file)
        return [
            {
                "id": number,
                "img_id": found.image_id,
                "img_path": osp.join(self.data_prefix["img"], images[found.image_id]["file_name"]),
                "bbox": found.box[None].astype(np.float32),
                "bbox_score": np.array([found.score], dtype=np.float32),
                "category_id": category,
                "keypoints": np.zeros((1, count, 2), dtype=np.float32),
                "keypoints_visible": np.ones((1, count), dtype=np.float32),
            }
            for number, found in enumerate(read_detections(self.bbox_file, category, images))
            if found.image_id in used
        ]

    def _used(self, images: list[dict]) -> set[int]:
        """Return the ids of this dataset's images."""
        used = [True] * len(images)
        if self.hold_out is not None:
            names = [image["file_name"] for image in images]
            used = [
                held == self.test_mode for held in held_out(names, self.hold_out, self.ann_file)
            ]
        ids = {image["id"] for image, is_used in zip(images, used, strict=True) if is_used}
        if self.test_mode:
            self._metainfo["image_ids"] = sorted(ids)
        return ids

    def _kept(self, records: list[dict], image_ids: set[int]) -> list[dict]:
        return [record for record in records if record["img_id"] in image_ids]
