"""COCO's format with `hold_out`; for own data as well."""

from __future__ import annotations

from typing import Any

from mmpose.datasets import CocoDataset
from mmpose.registry import DATASETS

from mmhg.datasets.hold_out import HoldOut, held_out
from mmhg.datasets.image_folders import ImagesInFolders


@DATASETS.register_module()
class CocoPersonDataset(ImagesInFolders, CocoDataset):
    """MMPose's `CocoDataset`, of which a part can be held out of training to validate.

    In test mode its metainfo has `image_ids`, the images of this dataset, and `CocoPersonMetric`
    evaluates these alone.

    Args:
        ann_file: Annotations in COCO's format, below `data_root`.
        hold_out: Splits a file that has no split of its own: n for images 0, n, 2n, ... of the
            file, or a list of images' file names. With `test_mode` the dataset has the people of
            these images, without it those of the others. Set it alike in training and validation.
            None keeps all.
        settings: As for `mmhg.datasets.image_folders.ImagesInFolders`.
    """

    def __init__(self, ann_file: str = "", *, hold_out: HoldOut = None, **settings: Any) -> None:
        self.hold_out = hold_out
        super().__init__(ann_file, **settings)

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Make instances and images of `ann_file`."""
        instances, images = super()._load_annotations()
        used = self._used(images)
        return self._kept(instances, used), self._kept(images, used)

    def _load_detection_results(self) -> list[dict]:
        """Make instances of `bbox_file`."""
        instances: list[dict] = super()._load_detection_results()
        return self._kept(instances, self._used(self.coco.loadImgs(self.coco.getImgIds())))

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
