"""Lay heatmaps over the image that they belong to.

Shape shorthand in this module: H x W px of a heatmap.
"""

from __future__ import annotations

from typing import Any

import cv2
import matplotlib
import numpy as np

_COLORS = (255 * matplotlib.colormaps["inferno"](np.linspace(0, 1, 256))[:, 2::-1]).astype(np.uint8)
"""BGR by value, (256, 3)."""

_DIMMED = 0.65
"""Brightness of the image under a heatmap."""


def heatmap_placement(codec: Any, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Find scale and offset of a codec: input px = scale x heatmap px + offset.

    The codec decodes two Gaussians whose positions on the heatmap are known.

    Args:
        codec: Any codec that reads one heatmap per keypoint.
        width: W.
        height: H.

    Returns:
        Scale and offset, (2,) each, along x and y, 0-based px.
    """
    positions = np.array([[width // 4, height // 4], [3 * width // 4, 3 * height // 4]])
    x, y = np.arange(width), np.arange(height)[:, None]
    squared = [(x - column) ** 2 + (y - row) ** 2 for column, row in positions]
    keypoints, _ = codec.decode(np.exp(-np.stack(squared) / 8).astype(np.float32))
    first, second = np.asarray(keypoints, dtype=float)[0, :, :2]
    scale = (second - first) / (positions[1] - positions[0])
    return scale, first - scale * positions[0]


def lay_over(
    image: np.ndarray,
    heatmap: np.ndarray,
    scale: np.ndarray,
    offset: np.ndarray,
    highest: float,
) -> np.ndarray:
    """Draw a colored heatmap over an image, which turns gray and dark.

    Args:
        image: (height, width, 3) uint8, BGR.
        heatmap: (H, W).
        scale: Image px per heatmap px along x and y, (2,).
        offset: Position of heatmap pixel 0 in image px, (2,).
        highest: The value of the brightest color.

    Returns:
        (height, width, 3) uint8, BGR.
    """
    matrix = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
    size = image.shape[1], image.shape[0]
    values = cv2.warpAffine(heatmap.astype(np.float32), matrix, size, flags=cv2.INTER_CUBIC)
    values = np.clip(values / max(highest, 1e-6), 0, 1)
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) * _DIMMED
    opacity = 0.9 * np.minimum(1, 2 * values)[:, :, None]
    colors = _COLORS[(80 + 175 * values).astype(np.uint8)]
    return ((1 - opacity) * gray + opacity * colors).astype(np.uint8)
