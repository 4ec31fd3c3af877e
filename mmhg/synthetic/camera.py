"""A pinhole camera. Camera axes: x to the right, y down, z away from the viewer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BODY_TO_CAMERA = np.diag([1.0, -1.0, -1.0])
"""Turns a body's axes so that it stands upright in the picture and faces the viewer."""


@dataclass(frozen=True)
class Camera:
    """`focal` and the principal point `centre` in 0-based pixels."""

    focal: float
    centre: tuple[float, float]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (..., 2), 0-based, of points (..., 3) in front of the camera."""
        return points[..., :2] * self.scale(points[..., 2])[..., None] + self.centre

    def scale(self, depth: np.ndarray) -> np.ndarray:
        """Pixels per unit of length at a depth."""
        return self.focal / depth

    def lift(self, pixel: np.ndarray, depth: float) -> np.ndarray:
        """The point (3,) at a depth that projects onto a pixel (2,)."""
        return np.append((np.asarray(pixel) - self.centre) * depth / self.focal, depth)
