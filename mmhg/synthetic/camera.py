"""Project points with a pinhole camera.

Camera axes: x to the right, y down, z away from the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BODY_TO_CAMERA = np.diag([1.0, -1.0, -1.0])
"""Rotates a body's axes so that it stands upright in the image and faces the viewer."""


@dataclass(frozen=True)
class PinholeCamera:
    """Hold the focal length `focal` and the principal point `center`, in 0-based px."""

    focal: float
    center: tuple[float, float]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project points (..., 3) in front of the camera to pixels (..., 2), 0-based."""
        return points[..., :2] * self.scale(points[..., 2])[..., None] + self.center

    def scale(self, depth: np.ndarray) -> np.ndarray:
        """Return the pixels per unit of length at a depth."""
        return self.focal / depth

    def lift(self, pixel: np.ndarray, depth: float) -> np.ndarray:
        """Return the point (3,) at a depth that projects onto a pixel (2,)."""
        return np.append((np.asarray(pixel) - self.center) * depth / self.focal, depth)
