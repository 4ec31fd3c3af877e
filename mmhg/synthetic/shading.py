"""Color fragments: pattern, detail (a face, a shirt's front), light, contact shade."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from mmhg.synthetic.materials import Material
from mmhg.synthetic.raster import FAR, DepthBuffer, Fragments, Surface

GRAIN_SIZE = 64
"""Side of the square of fine grain that repeats on every cloth and skin of an image."""


def _fraction(values: np.ndarray) -> np.ndarray:
    return values - np.floor(values)


PATTERNS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "hoops": lambda x, y: _fraction(y) < 0.5,
    "checks": lambda x, y: (_fraction(x) < 0.5) ^ (_fraction(y) < 0.5),
    "dots": lambda x, y: (_fraction(x) - 0.5) ** 2 + (_fraction(y) - 0.5) ** 2 < 0.08,
    "pinstripes": lambda x, y: _fraction(1.4 * x) < 0.35,
    "diagonals": lambda x, y: _fraction(0.7 * (x + y)) < 0.5,
    "diamonds": lambda x, y: (
        np.abs(_fraction(0.8 * x) - 0.5) + np.abs(_fraction(0.5 * y) - 0.5) < 0.35
    ),
}
"""True for pixels of the second color, from texture coordinates counted in repetitions."""


def _face(local: np.ndarray, color: np.ndarray, accents: np.ndarray) -> None:
    """Paint eyes, brows, mouth and a hairline. Accents: hair, iris, lips."""
    x, y, z = local.T
    hair, iris, lips = accents
    front = z > 0.012
    side = np.abs(x)
    color[front & (side < 0.017) & (np.abs(y + 0.041) < 0.005)] = lips
    eye = front & (((side - 0.02) / 0.0125) ** 2 + ((y - 0.002) / 0.008) ** 2 < 1)
    color[eye] = 0.95
    color[eye & ((side - 0.02) ** 2 + (y - 0.002) ** 2 < 0.0062**2)] = iris
    color[front & (np.abs(side - 0.021) < 0.013) & (np.abs(y - 0.017) < 0.0035)] = hair
    color[(y > 0.036 + 0.25 * side - 0.3 * np.minimum(z, 0)) | (z < -0.012 - 0.3 * y)] = hair


def _shirt_front(local: np.ndarray, color: np.ndarray, accents: np.ndarray) -> None:
    """Paint an open neck and a row of buttons. Accents: skin, buttons."""
    x, y, z = local.T
    skin, button = accents
    front = z > 0
    color[front & (y > 0.13 + 1.1 * np.abs(x))] = skin
    color[front & (np.abs(x) < 0.006)] *= 0.6
    color[front & (np.abs(x) < 0.007) & (_fraction(y / 0.045) < 0.3)] = button


def _jacket(local: np.ndarray, color: np.ndarray, accents: np.ndarray) -> None:
    """Paint an open jacket over another color. Accents: skin, the color below."""
    x, y, z = local.T
    skin, below = accents
    front = z > 0
    color[front & (np.abs(x) < 0.026 + 0.1 * np.maximum(y, 0))] = below
    color[front & (y > 0.145 + 0.9 * np.abs(x))] = skin


def _print(local: np.ndarray, color: np.ndarray, accents: np.ndarray) -> None:
    """Paint a round print on the chest. Accents: skin, print."""
    x, y, z = local.T
    skin, ink = accents
    radius = np.hypot(x, y - 0.06)
    color[(z > 0) & (radius < 0.042)] = ink
    color[(z > 0) & (radius < 0.02)] = 1 - 0.6 * ink
    color[(z > 0) & (y > 0.15 + 0.6 * np.abs(x))] = skin


def _belt(local: np.ndarray, color: np.ndarray, accents: np.ndarray) -> None:
    """Paint a belt with a buckle. Accents: leather, buckle."""
    x, y, z = local.T
    leather, buckle = accents
    color[np.abs(y - 0.045) < 0.009] = leather
    color[(np.abs(y - 0.045) < 0.011) & (np.abs(x) < 0.013) & (z > 0)] = buckle


DETAILS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], None]] = {
    "face": _face,
    "shirt_front": _shirt_front,
    "jacket": _jacket,
    "print": _print,
    "belt": _belt,
}
"""Functions that paint over a pattern, in place, from positions (P, 3) in the part's axes."""


def shade(
    buffer: DepthBuffer,
    fragments: Fragments,
    surfaces: list[Surface],
    materials: list[Material],
    light: np.ndarray,
    ambient: float,
    grain: np.ndarray,
) -> np.ndarray:
    """Compute the RGB colors (P, 3), in 0..1, of fragments.

    Args:
        buffer: the depth buffer into which all surfaces were drawn.
        fragments: its visible pixels.
        surfaces: in the order in which they were drawn.
        materials: the scene's materials, to which the surfaces refer by number.
        light: (3,), unit direction towards the light.
        ambient: share of the light that comes from all directions.
        grain: (GRAIN_SIZE, GRAIN_SIZE), about 0, the image's own fine grain.
    """
    number = fragments.surface
    frames = np.array([surface.frame for surface in surfaces], np.float32)
    origins = np.array([surface.origin for surface in surfaces], np.float32)
    shift = fragments.point - origins[number]
    local = np.einsum("pi,pij->pj", shift, frames[number])
    choices = np.array([surface.materials for surface in surfaces])
    splits = np.array([surface.split for surface in surfaces], np.float32)
    worn = choices[number, (fragments.along > splits[number]).astype(int)]

    color = np.empty((len(number), 3), np.float32)
    gloss = np.zeros(len(number), np.float32)
    for identity in np.unique(worn):
        material, chosen = materials[identity], np.flatnonzero(worn == identity)
        color[chosen] = _paint(material, local[chosen], grain)
        gloss[chosen] = material.gloss

    normal = fragments.normal
    direct = normal @ light.astype(np.float32)
    brightness = ambient + (1 - ambient) * np.clip(direct, 0, 1)
    brightness *= 0.72 - 0.28 * normal[:, 2]
    brightness *= 1 - _contact_shade(buffer).ravel()[fragments.index]
    half = light - np.array([0, 0, 1])
    shine = np.clip(normal @ (half / np.linalg.norm(half)).astype(np.float32), 0, 1) ** 24
    return np.clip(1.15 * color * brightness[:, None] + (gloss * shine)[:, None], 0, 1)


def _paint(material: Material, local: np.ndarray, grain: np.ndarray) -> np.ndarray:
    color = np.empty((len(local), 3), np.float32)
    color[:] = material.colors[0]
    if material.pattern:
        x, y = (
            material.frequency * (local[:, 0] + 0.5 * local[:, 2]),
            material.frequency * local[:, 1],
        )
        color[PATTERNS[material.pattern](x, y)] = material.colors[1]
    rows, columns = local[:, 1], local[:, 0] + local[:, 2]
    fine = grain[(rows * 400).astype(int) % GRAIN_SIZE, (columns * 400).astype(int) % GRAIN_SIZE]
    color *= (1 + material.roughness * fine)[:, None]
    if material.detail:
        DETAILS[material.detail](local, color, material.accents)
    return color


def _contact_shade(buffer: DepthBuffer) -> np.ndarray:
    """Return the darkening 0..0.45 next to nearer surfaces, by blurred depth (Luft et al. 2006)."""
    depth = buffer.depth
    covered = depth < FAR
    shallow = np.where(covered, depth, 0)
    size = (7, 7)
    weight = cv2.blur(covered.astype(np.float32), size)
    mean = cv2.blur(shallow, size) / np.maximum(weight, 1e-6)
    return np.clip(3.5 * (shallow - mean), 0, 0.45)
