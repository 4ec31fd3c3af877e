"""Find people's boxes in images by any of the detectors.

Shape shorthand in this module: N boxes, P people. Boxes are left, top, right, bottom in 0-based px.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmpose.evaluation.functional import nms

from mmhg.errors import InputError
from mmhg.inference.detectors.mmdetection import MMDetection
from mmhg.inference.detectors.onnx_detector import OnnxDetector
from mmhg.inference.detectors.opencv import OpenCVPedestrians
from mmhg.inference.predictor import Image, read_image
from mmhg.pictures import displayable

_OPENCV = "opencv"
_THRESHOLD = 0.3
_OVERLAP = 0.3
"""IoU above which the box of lower score is dropped; both as in MMPose's inferencer."""


class PersonDetector:
    """Find people's boxes in images, for `mmhg.Predictor`.

    Args:
        *source: `"FILE.onnx"`, an exported detector (YOLOX, RTMDet, YOLO, ...; docs/inference.md
            has the list); `"opencv"`, the pedestrian detector that OpenCV carries; or config and
            checkpoint of a detector of MMDetection whose class 0 is person.
        threshold: Boxes score more than this; None is 0.3.
        input_format: Colors that an ONNX file takes, if not the usual ones of its kind: `"bgr255"`,
            `"rgb255"`, `"rgb1"`, `"bgr-imagenet"` or `"rgb-imagenet"`.
        device: The device to compute on; None takes a GPU if there is one. OpenCV's runs on the
            CPU, an ONNX file where onnxruntime can.

    Attributes:
        description: What is known of the detector, for files of results.

    Raises:
        InputError: There is no such detector, a package is missing, or a file is damaged or not
            understood.
    """

    def __init__(
        self,
        *source: str | Path,
        threshold: float | None = None,
        input_format: str | None = None,
        device: str | None = None,
    ) -> None:
        self._find = _detector(source, input_format, device)
        self._threshold = _THRESHOLD if threshold is None else threshold
        self.description: dict[str, Any] = self._find.description | {"threshold": self._threshold}

    def __call__(self, image: Image) -> np.ndarray:
        """Return the boxes (P, 4) of the people in an image, those that are surest first.

        Args:
            image: A file, or an array (height, width, 3) uint8 with channels blue, green, red.
        """
        array = displayable(read_image(image))
        boxes, scores = self._find(array)
        return people(boxes, scores, self._threshold, array.shape[:2])


def people(
    boxes: np.ndarray, scores: np.ndarray, threshold: float, size: tuple[int, ...]
) -> np.ndarray:
    """Select the boxes of people, each once, and clip them to the image.

    Args:
        boxes: (N, 4).
        scores: (N,).
        threshold: Scores must be above it.
        size: Height and width of the image.

    Returns:
        (P, 4), by descending scores. Boxes outside of the image are left out.
    """
    height, width = size
    clipped = np.clip(boxes, 0, [width, height, width, height])
    has_area = (clipped[:, 2:] > clipped[:, :2]).all(axis=1)  # is false for nan
    kept = (scores > threshold) & has_area
    found = np.column_stack([clipped, scores])[kept]
    return found[nms(found, _OVERLAP), :4].astype(np.float64)


def _detector(
    source: tuple[str | Path, ...], input_format: str | None, device: str | None
) -> OnnxDetector | OpenCVPedestrians | MMDetection:
    match [str(part) for part in source]:
        case [file] if file.lower().endswith(".onnx"):
            return OnnxDetector(Path(file), input_format=input_format, device=device)
        case _ if input_format is not None:
            raise InputError("the colors of the input can be chosen for a FILE.onnx alone")
        case [name] if name == _OPENCV:
            return OpenCVPedestrians()
        case [config, checkpoint] if not config.lower().endswith(".onnx") and config != _OPENCV:
            return MMDetection(Path(config), Path(checkpoint), device)
    raise InputError(
        "a detector is FILE.onnx, opencv, or CONFIG CHECKPOINT of MMDetection, got "
        f"{' '.join(map(str, source)) or 'nothing'}"
    )
