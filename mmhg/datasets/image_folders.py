"""Keep a dataset to its own folders, and name the image where a step of its pipeline fails."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import cv2
from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from mmhg.errors import InputError
from mmhg.utils.inside import check_name


class ImagesInFolders(BaseCocoStyleDataset):
    """A dataset whose annotation file can only name images of its own folders.

    These are `data_root` and the folder of images in `data_prefix`, which may be links themselves.
    Names that lead out of them are refused when the annotations are read; `LoadWholeImage` refuses
    files that links lead out.

    Args:
        ann_file: The annotation file, below `data_root`.
        linked_folders: Other folders, to which links in those may lead.
        settings: As for `mmpose.datasets.BaseCocoStyleDataset`.

    Raises:
        InputError: Names the file that lies elsewhere, or the image that OpenCV cannot process.
    """

    def __init__(
        self, ann_file: str = "", *, linked_folders: Sequence[str] = (), **settings: Any
    ) -> None:
        self.linked_folders = list(linked_folders)
        super().__init__(ann_file, **settings)

    @property
    def image_folders(self) -> list[str]:
        """Return the folders that images may be named in."""
        own = [folder for folder in (self.data_root, self.data_prefix.get("img")) if folder]
        return own or [os.curdir]

    def load_data_list(self) -> list[dict]:
        """Read the annotations, and refuse names that lead out of the folders."""
        samples: list[dict] = super().load_data_list()
        folders = self.image_folders
        for sample in samples:
            check_name(sample["img_path"], folders, self.bbox_file or self.ann_file)
        return samples

    def parse_data_info(self, raw_data_info: dict) -> dict | None:
        """Make a person's entries, with the width and height that COCO's file states."""
        info: dict | None = super().parse_data_info(raw_data_info)
        image = raw_data_info.get("raw_img_info", {})
        size = image.get("width"), image.get("height")
        if info is not None and all(isinstance(side, int) and side > 0 for side in size):
            info["stated_size"] = size
        return info

    def get_data_info(self, idx: int) -> dict:
        """Return a sample, with the folders that its image must lie in."""
        info: dict = super().get_data_info(idx)
        return info | {"image_folders": [*self.image_folders, *self.linked_folders]}

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline; name the image if OpenCV fails on it."""
        try:
            return super().prepare_data(idx)
        except (cv2.error, MemoryError) as error:
            reason = " ".join(str(error).split()) or "not enough memory"
            path = self.get_data_info(idx)["img_path"]
            raise InputError(f"image {path} cannot be processed: {reason}") from error
