"""The authors' data path by its definitions, in their own terms: MATLAB's 1-based pixels.

After `pose-hg-train` (`img.lua`, `pose.lua`, `train.lua`); princeton-vl's PyTorch version does the
same but where a function says so. Centers, joints and predictions are x and y in 1-based px of the
image; `position`s run over a crop from 0 to its side, so that pixel p (1-based) covers p - 1 to p.

Shape shorthand in this module: K keypoints, H x W px.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

MPII_PAIRS = [(1, 6), (2, 5), (3, 4), (11, 16), (12, 15), (13, 14)]
"""Joints that a mirror exchanges, 1-based."""


def person_box(center: Sequence[float], scale: float) -> tuple[np.ndarray, float]:
    """Return center and side in px of the box that is cut out, from MPII's `objpos` and `scale`."""
    lowered = np.array([center[0], center[1] + 15 * scale])
    return lowered, 200 * scale * 1.25


def to_crop(points: np.ndarray, center: np.ndarray, side: float, size: int) -> np.ndarray:
    """Map positions (..., 2) into a crop of `size` px."""
    return size * ((points - center) / side + 0.5)


def from_crop(positions: np.ndarray, center: np.ndarray, side: float, size: int) -> np.ndarray:
    """Map positions (..., 2) back; the authors then round, see `rounded_prediction`."""
    return (positions / size - 0.5) * side + center


def rounded_prediction(points: np.ndarray) -> np.ndarray:
    """Return whole 1-based pixels, as the authors store predictions: half a px up on average."""
    return np.floor(points + 1e-4) + 1


def crop(image: np.ndarray, center: np.ndarray, side: float, size: int) -> np.ndarray:
    """Cut the box out in whole pixels, with zeros around the image, resized to `size` px.

    Resized as princeton-vl does. Torch7 averages over areas when it makes images smaller, and takes
    boxes of more than twice `size` out of the image made smaller beforehand.
    """
    first = np.trunc(center - side / 2 + 1e-4).astype(int) + 1  # 1-based; towards 0, as Torch7
    end = np.trunc(center + side / 2 + 1e-4).astype(int) + 1
    height, width = image.shape[:2]
    box = np.zeros((end[1] - first[1], end[0] - first[0], *image.shape[2:]), image.dtype)
    left, top = np.maximum(first, 1)
    right, bottom = np.minimum(end, (width + 1, height + 1))
    box[top - first[1] : bottom - first[1], left - first[0] : right - first[0]] = image[
        top - 1 : bottom - 1, left - 1 : right - 1
    ]
    return cv2.resize(box, (size, size))


def crop_unrounded(image: np.ndarray, center: np.ndarray, side: float, size: int) -> np.ndarray:
    """Crop without rounding the box: look each pixel's middle up in the image (H, W)."""
    positions = np.arange(size) + 0.5
    columns, rows = (from_crop(positions, middle, side, size) for middle in center)
    grid = np.meshgrid(rows - 1, columns - 1, indexing="ij")
    return map_coordinates(image.astype(float), grid, order=1, mode="grid-constant")


def heatmap_pixel(position: np.ndarray) -> np.ndarray:
    """Return the 1-based pixel that a position (..., 2) falls on."""
    return np.floor(position + 1e-4).astype(int) + 1


def target(pixel: np.ndarray, size: int, sigma: float) -> np.ndarray:
    """Draw a heatmap (size, size) with a Gaussian of 7x7 px about a 1-based pixel.

    The released code's patch, Torch7's `image.gaussian(7)`, has sigma 0.25 x 7 = 1.75. Where a
    patch reaches over the left or upper border, the released code shifts what is left of it 1 or
    2 px towards the inside; princeton-vl's does not, nor does this.
    """
    heatmap = np.zeros((size, size))
    x, y = pixel
    for row in range(max(1, y - 3), min(size, y + 3) + 1):
        for column in range(max(1, x - 3), min(size, x + 3) + 1):
            distance = (row - y) ** 2 + (column - x) ** 2
            heatmap[row - 1, column - 1] = np.exp(-distance / (2 * sigma**2))
    return heatmap


def mirror_back(heatmaps: np.ndarray, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Turn heatmaps (K, H, W) of the mirrored image into those of the image."""
    heatmaps = heatmaps[:, :, ::-1].copy()
    for first, second in pairs:
        heatmaps[[first - 1, second - 1]] = heatmaps[[second - 1, first - 1]]
    return heatmaps


def read_off(heatmap: np.ndarray) -> np.ndarray:
    """Return the position (2,) that a heatmap (H, W) stands for."""
    height, width = heatmap.shape
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    x, y = column + 1.0, row + 1.0
    if 1 < x < width and 1 < y < height:
        x += 0.25 * np.sign(heatmap[row, column + 1] - heatmap[row, column - 1])
        y += 0.25 * np.sign(heatmap[row + 1, column] - heatmap[row - 1, column])
    x, y = x + 0.5, y + 0.5  # to the pixel's middle
    return np.array([x, y]) - 1
