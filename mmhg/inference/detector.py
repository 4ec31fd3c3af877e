"""Find people by a detector of MMDetection."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from mmpose.evaluation.functional import nms

from mmhg.errors import InputError
from mmhg.inference.boxes import as_boxes, box_problem
from mmhg.inference.sources import Frame

_PERSON = 0
"""The class of people, COCO's first."""

_OVERLAP = 0.3
"""IoU above which the box of lower score is dropped, as in MMPose's inferencer."""


class Detector:
    """Find person boxes by a detector of MMDetection, selected as by MMPose's inferencer.

    Args:
        config: Config of a detector whose class 0 is person.
        checkpoint: Its weights.
        device: The device to compute on; None takes a GPU if there is one.
        threshold: Lowest score of a box.

    Raises:
        InputError: Full mmcv is not installed.
    """

    def __init__(
        self, config: Path, checkpoint: Path, device: str | None, threshold: float
    ) -> None:
        if find_spec("mmcv._ext") is None:
            raise InputError(
                "a detector needs full mmcv, and this is mmcv-lite: pip uninstall mmcv-lite, then "
                "pip install --no-build-isolation mmcv==2.1.0 (it is built from source). Without "
                "it, give the boxes by --boxes"
            )
        for path in (config, checkpoint):
            if not path.is_file():
                raise InputError(f"no such file: {path}")
        from mmdet.apis import DetInferencer

        self._infer = DetInferencer(
            str(config), str(checkpoint), device=device, scope="mmdet", show_progress=False
        )
        self._threshold = threshold

    def __call__(self, frame: Frame) -> np.ndarray:
        """Return the boxes (P, 4) of people in a frame."""
        image = frame.image
        (sample,) = self._infer(image, return_datasamples=True)["predictions"]
        found = sample.pred_instances.cpu().numpy()
        boxes = np.column_stack([found.bboxes, found.scores])
        boxes = boxes[(found.labels == _PERSON) & (found.scores > self._threshold)]
        boxes = boxes[nms(boxes, _OVERLAP)][:, :4]
        return as_boxes([box for box in boxes if box_problem(box, image.shape[:2]) is None])
