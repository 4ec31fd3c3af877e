"""Warp pictures of any size: OpenCV takes none with a side of 32,767 px or more."""

from __future__ import annotations

import cv2
import numpy as np

LONGEST_SIDE = 32_766
"""OpenCV's limit, `SHRT_MAX` - 1."""

_MARGIN = 2
"""Px around the part of a picture that is seen, for the interpolation."""


def warp_affine(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], flags: int = cv2.INTER_LINEAR
) -> np.ndarray:
    """Warp as `cv2.warpAffine` does, black outside of the picture.

    Of a larger picture only the part is used that the result shows, which gives the same pixels. If
    that is too large as well, the two halves of the result are made one after the other.

    Args:
        image: (H, W) or (H, W, C).
        matrix: (2, 3), from px of the picture to px of the result.
        size: Width and height of the result.
        flags: OpenCV's interpolation.
    """
    if max(image.shape[:2]) <= LONGEST_SIDE:
        warped: np.ndarray = cv2.warpAffine(image, matrix, size, flags=flags)
        return warped
    matrix = np.asarray(matrix, dtype=np.float64)
    left, top, right, bottom = _seen(matrix, size, image.shape)
    if left >= right or top >= bottom:
        return np.zeros((size[1], size[0], *image.shape[2:]), image.dtype)
    if max(right - left, bottom - top) <= LONGEST_SIDE:
        part = np.ascontiguousarray(image[top:bottom, left:right])
        return warp_affine(part, _shifted(matrix, (left, top), (0, 0)), size, flags)
    axis = 0 if size[0] >= size[1] else 1  # x or y of the result
    half = size[axis] // 2
    first, second, start = list(size), list(size), [0, 0]
    first[axis], second[axis], start[axis] = half, size[axis] - half, half
    return np.concatenate(
        [
            warp_affine(image, matrix, (first[0], first[1]), flags),
            warp_affine(image, _shifted(matrix, (0, 0), start), (second[0], second[1]), flags),
        ],
        axis=1 - axis,
    )


def _shifted(matrix: np.ndarray, source: tuple[int, int], result: list[int] | tuple) -> np.ndarray:
    """Return the matrix between the parts of picture and result that begin at these points."""
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ source - result
    return moved


def _seen(
    matrix: np.ndarray, size: tuple[int, int], shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the part of a picture that the result shows."""
    inverse = cv2.invertAffineTransform(matrix)
    last_x, last_y = size[0] - 1, size[1] - 1
    corners = np.array([[0, 0], [last_x, 0], [0, last_y], [last_x, last_y]], dtype=np.float64)
    points = corners @ inverse[:, :2].T + inverse[:, 2]
    low = np.clip(np.floor(points.min(axis=0)) - _MARGIN, 0, [shape[1], shape[0]])
    high = np.clip(np.ceil(points.max(axis=0)) + _MARGIN + 1, 0, [shape[1], shape[0]])
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
