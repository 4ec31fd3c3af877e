"""The part of an image that a crop shows, in plain numbers: it is worked out for every sample."""

from __future__ import annotations

import math

import numpy as np

Point = tuple[float, float]
"""x, y or width, height, in px."""


def crop_box(results: dict, input_size: Point) -> tuple[Point, Point, float]:
    """Centre, size and angle in degrees of what a crop into `input_size` shows."""
    angle = float(results["bbox_rotation"][0]) if "bbox_rotation" in results else 0.0
    x, y = results["bbox_center"][0].tolist()
    return (x, y), fitted(results["bbox_scale"], input_size), angle


def fitted(scales: np.ndarray, input_size: Point) -> Point:
    """The first of `scales` (N, 2), one side made longer to have the input's aspect ratio."""
    width, height = scales[0].tolist()
    aspect = input_size[0] / input_size[1]
    return max(width, height * aspect), max(height, width / aspect)


def extent(size: Point, angle: float) -> Point:
    """Width and height that a box takes up when turned by `angle` degrees."""
    width, height = size
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    return width * cos + height * sin, height * cos + width * sin
