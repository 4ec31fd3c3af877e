"""Turn a person in an image into the network's input, by a config's own test pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

from mmhg.errors import InputError
from mmhg.inference.boxes import as_boxes, box_problem


class PersonInput:
    """Apply a config's test pipeline to people whose images and boxes are given.

    Args:
        config: A config with a `test_dataloader`.
        metainfo: The dataset's metainfo, as in `model.dataset_meta`.
    """

    def __init__(self, config: Config, metainfo: Mapping[str, Any]) -> None:
        init_default_scope(config.get("default_scope", "mmpose"))
        steps = config.test_dataloader.dataset.pipeline
        self._metainfo = dict(metainfo)
        self._pipeline = Compose(steps)
        # A given box is used even if the dataset's people fill their images.
        self._pipeline_for_boxes = Compose([s for s in steps if s["type"] != "WholeImageBox"])

    def __call__(
        self, image: np.ndarray, box: Any = None, *, name: str | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Prepare a person for the network.

        Args:
            image: (height, width, 3) uint8, blue, green, red, or what else the test pipeline's
                `LoadWholeImage` converts.
            box: Left, top, right, bottom in px, 0-based; None for a person who fills the image.
            name: The image's name in messages.

        Returns:
            The box, (4,), and a sample for `mmengine.dataset.pseudo_collate`.

        Raises:
            InputError: The box has no area or lies outside of the image, or OpenCV fails on it.
        """
        height, width = image.shape[:2]
        person_box = as_boxes([0, 0, width, height] if box is None else box)[0]
        if problem := box_problem(person_box, (height, width)):
            raise InputError(f"{name}: {problem}" if name else problem)
        pipeline = self._pipeline if box is None else self._pipeline_for_boxes
        person = dict(img=image, bbox=person_box[None], bbox_score=np.ones(1, dtype=np.float32))
        if name:
            person["img_path"] = name
        try:
            return person_box, pipeline(person | self._metainfo)
        except cv2.error as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{name or 'the image'} cannot be processed: {reason}") from error
