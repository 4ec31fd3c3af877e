"""Draw a sheet of validation people with true and predicted skeletons."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from mmpose.structures import PoseDataSample

from mmhg.datasets.transforms.loading import load_image
from mmhg.errors import InputError
from mmhg.visualization import person_tile, sheet

_ANY = 1 << 40
"""Pixels: what the pipeline has loaded is loaded here."""


@HOOKS.register_module()
class SkeletonSheetHook(Hook):
    """Draw the first people of each validation and test to `predictions.png`.

    Each person's crop is shown with the annotated keypoints, then with the predicted ones.

    Args:
        people: Number of people; 0 draws no sheet, for models without a box per person.
        columns: People in a row of the sheet.
        filename: Name of the picture in the work directory.
    """

    priority = "LOWEST"

    def __init__(
        self, people: int = 24, columns: int = 4, filename: str = "predictions.png"
    ) -> None:
        self.people = people
        self.columns = columns
        self.filename = filename
        self._tiles: list[list[np.ndarray]] = []

    def before_val_epoch(self, runner: Runner) -> None:
        """Start a new sheet."""
        self._tiles.clear()

    before_test_epoch = before_val_epoch

    @master_only
    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[PoseDataSample] | None = None,
    ) -> None:
        """Add the people of a batch until the sheet is full."""
        for sample in (outputs or ())[: self.people - len(self._tiles)]:
            self._tiles.append(self._draw(sample, runner.visualizer.dataset_meta))

    after_test_iter = after_val_iter

    @master_only
    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write the sheet."""
        if self._tiles:
            picture = sheet(self._tiles, ("annotated", "predicted"), self.columns)
            cv2.imwrite(str(Path(runner.work_dir) / self.filename), picture)

    after_test_epoch = after_val_epoch

    def _draw(self, sample: PoseDataSample, metainfo: dict[str, Any]) -> list[np.ndarray]:
        try:
            image = load_image(sample.img_path, max_pixels=_ANY)
        except InputError:  # the pipeline's loader was content with it
            image = np.zeros((*sample.ori_shape, 3), np.uint8)
        truth = sample.gt_instances
        center, scale = np.ravel(sample.input_center), np.ravel(sample.input_scale)
        annotated = np.asarray(truth.keypoints_visible).reshape(-1)[: len(truth.keypoints[0])] > 0
        predicted = np.asarray(sample.pred_instances.keypoints)[0, :, :2]
        everything = np.ones(len(predicted), dtype=bool)
        return [
            person_tile(image, center, scale, np.asarray(truth.keypoints)[0], annotated, metainfo),
            person_tile(image, center, scale, predicted, everything, metainfo),
        ]
