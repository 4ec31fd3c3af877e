"""Draw round cones into a depth buffer, exactly for each (super-sampled) pixel.

A ball sweeps a round cone when its center and its radius change linearly from one end to the
other. Each cone has its own weak perspective: its ends are projected exactly, and between them
depth and radius are linear in the image. At `u` along the axis the ball reaches
`slope u + sqrt(Q(u))` towards the viewer, where Q is a downward parabola. A pixel belongs to the
cone if Q is positive for some `u`. The largest reach, known in closed form, is the visible surface.

Shape shorthand in this module: P covered pixels of the super-sampled image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmhg.synthetic.camera import PinholeCamera

SUPERSAMPLING = 2
FAR = 1e6
STEEPEST = 0.9
"""Largest change of radius per pixel along the axis; steeper cones are drawn as three balls."""


@dataclass
class Surface:
    """Describe a round cone in camera axes, with all that shading and the visibility test need.

    Attributes:
        ends: (2, 3), centers of the two balls.
        radii: their radii.
        frame: (3, 3), the part's left, up and front as columns; textures live in these axes.
        origin: (3,), the point at which the texture's coordinates are 0.
        materials: before and after the share `split` of the length.
        person: index of the person that the flesh or clothes belong to; -1 for an object.
        joints: indices of the joints that this surface may cover without hiding them.
    """

    ends: np.ndarray
    radii: tuple[float, float]
    frame: np.ndarray
    origin: np.ndarray
    materials: tuple[int, int]
    split: float = 1.0
    person: int = -1
    joints: frozenset[int] = frozenset()


@dataclass
class Fragments:
    """Hold the foremost surface at every covered pixel.

    Attributes:
        index: (P,), flat index into the super-sampled image.
        surface: (P,), number of the surface.
        along: (P,), position on the surface's axis, 0..1.
        normal: (P, 3), unit normals in camera axes.
        point: (P, 3), positions in camera axes.
    """

    index: np.ndarray
    surface: np.ndarray
    along: np.ndarray
    normal: np.ndarray
    point: np.ndarray


class DepthBuffer:
    """Keep depth and surface number at each pixel of one image of `width` x `height` pixels."""

    def __init__(self, width: int, height: int, camera: PinholeCamera) -> None:
        self.camera = camera
        shape = (height * SUPERSAMPLING, width * SUPERSAMPLING)
        self.depth = np.full(shape, FAR, np.float32)
        self._cone = np.full(shape, -1, np.int32)
        self._axial = np.zeros(shape, np.float32)
        self._cones: list[tuple[float, ...]] = []

    def draw(self, surfaces: list[Surface]) -> None:
        """Draw surfaces, numbered from 0 in this order. Call it only once."""
        for number, surface in enumerate(surfaces):
            depths = surface.ends[:, 2]
            if depths.min() < 0.1:
                continue
            pixels = to_buffer(self.camera.project(surface.ends))
            radii = np.asarray(surface.radii) * self.camera.scale(depths) * SUPERSAMPLING
            axis = pixels[1] - pixels[0]
            if abs(radii[1] - radii[0]) < STEEPEST * np.sqrt(axis @ axis):
                self._draw_cone(number, pixels, radii, depths, (0.0, 1.0))
                continue
            for share in (0.0, 0.5, 1.0):
                weights = np.array([[1 - share, share]] * 2)
                self._draw_cone(
                    number, weights @ pixels, weights @ radii, weights @ depths, (share, share)
                )

    def surface_at(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the foremost surface (-1 for none) and its depth at pixels (..., 2), 0-based.

        Pixels outside the image show nothing.
        """
        height, width = self.depth.shape
        columns, rows = np.moveaxis(np.rint(to_buffer(pixels)).astype(int), -1, 0)
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        columns, rows = np.where(inside, columns, 0), np.where(inside, rows, 0)
        cone = np.where(inside, self._cone[rows, columns], -1)
        depth = np.where(inside, self.depth[rows, columns], FAR)
        numbers = np.array([int(cone[0]) for cone in self._cones] + [-1])
        return numbers[cone], depth

    def fragments(self) -> Fragments:
        """Return the visible surface at every covered pixel."""
        width = self.depth.shape[1]
        index = np.flatnonzero(self._cone >= 0)
        table = np.asarray(self._cones, np.float32).reshape(-1, 10)
        cones = table[self._cone.ravel()[index]]
        number, x0, y0, ex, ey, length, r0, taper, first, last = cones.T
        axial = self._axial.ravel()[index]
        depth = self.depth.ravel()[index]
        columns, rows = (index % width).astype(np.float32), (index // width).astype(np.float32)
        radius = r0 + taper * axial
        normal = np.stack(
            [(columns - x0 - axial * ex) / radius, (rows - y0 - axial * ey) / radius], axis=1
        )
        facing = -np.sqrt(np.clip(1 - np.square(normal).sum(1), 0, 1))
        focal = self.camera.focal * SUPERSAMPLING
        center = to_buffer(np.asarray(self.camera.center)).astype(np.float32)
        point = np.stack(
            [
                (columns - center[0]) * depth / focal,
                (rows - center[1]) * depth / focal,
                depth,
            ],
            axis=1,
        )
        along = first + (last - first) * axial / np.maximum(length, 1e-3)
        return Fragments(index, number.astype(int), along, np.column_stack([normal, facing]), point)

    def _draw_cone(
        self,
        number: int,
        pixels: np.ndarray,
        radii: np.ndarray,
        depths: np.ndarray,
        span: tuple[float, float],
    ) -> None:
        """Draw one cone; `pixels` (2, 2) and `radii` (2,) in the buffer's pixels."""
        height, width = self.depth.shape
        low = np.floor((pixels - radii[:, None]).min(0)).astype(int)
        high = np.ceil((pixels + radii[:, None]).max(0)).astype(int) + 1
        left, top = max(low[0], 0), max(low[1], 0)
        right, bottom = min(high[0], width), min(high[1], height)
        if left >= right or top >= bottom:
            return

        (x0, y0), (x1, y1) = pixels.tolist()
        length = float(np.hypot(x1 - x0, y1 - y0))
        ex, ey = ((x1 - x0) / length, (y1 - y0) / length) if length > 0 else (1.0, 0.0)
        r0, r1 = radii.tolist()
        taper = (r1 - r0) / length if length > 0 else 0.0
        z0, z1 = depths.tolist()
        deepening = (z1 - z0) / length if length > 0 else 0.0
        scale = SUPERSAMPLING * self.camera.focal / (0.5 * (z0 + z1))
        slope = -deepening * scale

        dx = np.arange(left, right, dtype=np.float32) - np.float32(x0)
        dy = (np.arange(top, bottom, dtype=np.float32) - np.float32(y0))[:, None]
        axial = dx * np.float32(ex) + dy * np.float32(ey)
        rest = np.float32(r0 * r0) - dx * dx - dy * dy
        # Q(u) = -a u^2 + 2 b u + rest, written about its peak b / a
        a = np.float32(1 - taper * taper)
        b = axial + np.float32(r0 * taper)
        peak = b / a
        reach = np.sqrt(np.maximum(peak * b + rest, 0))
        u = np.clip(peak + reach * np.float32(slope / np.sqrt(a * (a + slope**2))), 0, length)
        q = (2 * b - a * u) * u + rest
        depth = (
            np.float32(z0)
            + np.float32(deepening) * u
            - np.sqrt(np.maximum(q, 0)) * np.float32(1 / scale)
        )
        window = (slice(top, bottom), slice(left, right))
        seen = (q > 0) & (depth < self.depth[window])
        np.copyto(self.depth[window], depth, where=seen)
        np.copyto(self._cone[window], len(self._cones), where=seen)
        np.copyto(self._axial[window], u, where=seen)
        self._cones.append((number, x0, y0, ex, ey, length, r0, taper, *span))


def to_buffer(pixels: np.ndarray) -> np.ndarray:
    """Convert pixels of the image to pixels of the super-sampled one; both are 0-based."""
    return SUPERSAMPLING * pixels + (SUPERSAMPLING - 1) / 2
