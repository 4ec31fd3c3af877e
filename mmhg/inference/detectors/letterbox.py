"""Fit an image into a detector's input, and its boxes back into the image.

Boxes are left, top, right, bottom in px, counted from the outer border of the first pixel.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

PADDING = 114
"""Gray of the padding, as in YOLOX, RTMDet and Ultralytics's YOLO."""

_IMAGENET_MEAN, _IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of red, green and blue, as in MMDetection's configs."""


class InputFormat(NamedTuple):
    """Numbers that a detector takes for colors: `(value - mean) / std` of values from 0 to 255.

    Attributes:
        rgb: The channels are red, green, blue; otherwise blue, green, red.
        mean: Of red, green and blue.
        std: Of red, green and blue.
    """

    rgb: bool
    mean: tuple[float, ...] = (0, 0, 0)
    std: tuple[float, ...] = (1, 1, 1)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Convert an image (height, width, 3), blue, green, red, to (3, height, width) float32."""
        mean, std = (np.array(numbers, np.float32) for numbers in (self.mean, self.std))
        values = (image[..., ::-1] - mean) / std
        channels = values if self.rgb else values[..., ::-1]
        return np.ascontiguousarray(channels.transpose(2, 0, 1), dtype=np.float32)


INPUT_FORMATS = {
    "bgr255": InputFormat(rgb=False),
    "rgb255": InputFormat(rgb=True),
    "rgb1": InputFormat(rgb=True, std=(255, 255, 255)),
    "bgr-imagenet": InputFormat(False, _IMAGENET_MEAN, _IMAGENET_STD),
    "rgb-imagenet": InputFormat(True, _IMAGENET_MEAN, _IMAGENET_STD),
}
"""The formats by the names that users give."""


class Letterbox(NamedTuple):
    """An image that was scaled and padded.

    Attributes:
        image: (height, width, 3), as large as the detector's input.
        scale: (2,) along x and y: px of the input per px of the image.
        offset: (2,) x and y of the image's upper left corner in the input, px.
    """

    image: np.ndarray
    scale: np.ndarray
    offset: np.ndarray

    def to_image(self, boxes: np.ndarray) -> np.ndarray:
        """Map boxes (N, 4) from the input to the image."""
        corners = boxes.reshape(-1, 2, 2).astype(np.float64)
        return ((corners - self.offset) / self.scale).reshape(-1, 4)


def letterbox(image: np.ndarray, size: tuple[int, int], *, centered: bool) -> Letterbox:
    """Scale an image to fit, without distortion, and pad it with gray.

    Args:
        image: (height, width, 3) uint8.
        size: Height and width of the input in px.
        centered: Pad on both sides, as Ultralytics does; otherwise only below and on the right.
    """
    old = np.array(image.shape[:2])
    new = np.maximum(np.round(old * (size / old).min()).astype(int), 1)
    top, left = (size - new) // 2 if centered else (0, 0)
    padded = np.full((*size, 3), PADDING, dtype=np.uint8)
    scaled = cv2.resize(image, new[::-1].tolist(), interpolation=cv2.INTER_LINEAR)
    padded[top : top + new[0], left : left + new[1]] = scaled
    return Letterbox(padded, (new / old)[::-1], np.array([left, top]))
