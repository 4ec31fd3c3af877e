"""Find upright people by the pedestrian detector that OpenCV carries."""

from __future__ import annotations

import cv2
import numpy as np

from mmhg.errors import InputError

_MARGIN = 16
"""Px around the person in a window of 64 x 128 px, as in Dalal and Triggs's training data."""

_STRIDE, _SCALE_STEP = 8, 1.05
"""Step of the window in px, and between the sizes of the image: those of OpenCV's example."""


class OpenCVPedestrians:
    """Look for upright people by histograms of oriented gradients (Dalal and Triggs, 2005).

    It needs no file, and is rough: docs/inference.md says how rough. People are at least 96 px
    high. A score is the distance from the support vector machine's plane, mostly between 0 and 2.

    Raises:
        InputError: This OpenCV has no such detector.
    """

    def __init__(self) -> None:
        if not hasattr(cv2, "HOGDescriptor"):
            raise InputError(
                f"OpenCV {cv2.__version__} has no pedestrian detector: pip install "
                "'opencv-python<5'"
            )
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
        self.description = dict(name="opencv")

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return boxes (N, 4) and scores (N,) of people in an image."""
        windows, scores = self._hog.detectMultiScale(
            _as_large_as(image, *self._hog.winSize),
            winStride=(_STRIDE, _STRIDE),
            padding=(_MARGIN, _MARGIN),  # so that people at the image's border are found
            scale=_SCALE_STEP,
        )
        left_top, size = np.split(np.reshape(windows, (-1, 4)).astype(np.float64), 2, axis=1)
        margin = size * _MARGIN / self._hog.winSize
        return np.hstack([left_top + margin, left_top + size - margin]), np.ravel(scores)


def _as_large_as(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Extend an image below and on the right. In one smaller than its window, OpenCV crashes."""
    below, right = max(height - image.shape[0], 0), max(width - image.shape[1], 0)
    return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
