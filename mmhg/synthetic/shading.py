"""Turns fragments into colours: pattern, detail (a face, a shirt's front), light, contact shade."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from mmhg.synthetic.materials import Material
from mmhg.synthetic.raster import FAR, Canvas, Fragments, Surface

GRAIN_SIZE = 64
"""Side of the square of fine grain that repeats on every cloth and skin of a picture."""


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
"""Where the second colour shows, from texture coordinates in repetitions."""


def _face(local: np.ndarray, colour: np.ndarray, accents: np.ndarray) -> None:
    """Eyes, brows, mouth and a hairline. Accents: hair, iris, lips."""
    x, y, z = local.T
    hair, iris, lips = accents
    front = z > 0.012
    side = np.abs(x)
    colour[front & (side < 0.017) & (np.abs(y + 0.041) < 0.005)] = lips
    eye = front & (((side - 0.02) / 0.0125) ** 2 + ((y - 0.002) / 0.008) ** 2 < 1)
    colour[eye] = 0.95
    colour[eye & ((side - 0.02) ** 2 + (y - 0.002) ** 2 < 0.0062**2)] = iris
    colour[front & (np.abs(side - 0.021) < 0.013) & (np.abs(y - 0.017) < 0.0035)] = hair
    colour[(y > 0.036 + 0.25 * side - 0.3 * np.minimum(z, 0)) | (z < -0.012 - 0.3 * y)] = hair


def _shirt_front(local: np.ndarray, colour: np.ndarray, accents: np.ndarray) -> None:
    """An open neck and a row of buttons. Accents: skin, buttons."""
    x, y, z = local.T
    skin, button = accents
    front = z > 0
    colour[front & (y > 0.13 + 1.1 * np.abs(x))] = skin
    colour[front & (np.abs(x) < 0.006)] *= 0.6
    colour[front & (np.abs(x) < 0.007) & (_fraction(y / 0.045) < 0.3)] = button


def _jacket(local: np.ndarray, colour: np.ndarray, accents: np.ndarray) -> None:
    """Open over something of another colour. Accents: skin, what is below."""
    x, y, z = local.T
    skin, below = accents
    front = z > 0
    colour[front & (np.abs(x) < 0.026 + 0.1 * np.maximum(y, 0))] = below
    colour[front & (y > 0.145 + 0.9 * np.abs(x))] = skin


def _print(local: np.ndarray, colour: np.ndarray, accents: np.ndarray) -> None:
    """A round print on the chest. Accents: skin, print."""
    x, y, z = local.T
    skin, ink = accents
    radius = np.hypot(x, y - 0.06)
    colour[(z > 0) & (radius < 0.042)] = ink
    colour[(z > 0) & (radius < 0.02)] = 1 - 0.6 * ink
    colour[(z > 0) & (y > 0.15 + 0.6 * np.abs(x))] = skin


def _belt(local: np.ndarray, colour: np.ndarray, accents: np.ndarray) -> None:
    """A belt with a buckle. Accents: leather, buckle."""
    x, y, z = local.T
    leather, buckle = accents
    colour[np.abs(y - 0.045) < 0.009] = leather
    colour[(np.abs(y - 0.045) < 0.011) & (np.abs(x) < 0.013) & (z > 0)] = buckle


DETAILS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], None]] = {
    "face": _face,
    "shirt_front": _shirt_front,
    "jacket": _jacket,
    "print": _print,
    "belt": _belt,
}
"""What is painted over a pattern, in place, from positions (P, 3) in the part's axes."""


def shade(
    canvas: Canvas,
    fragments: Fragments,
    surfaces: list[Surface],
    materials: list[Material],
    light: np.ndarray,
    ambient: float,
    grain: np.ndarray,
) -> np.ndarray:
    """RGB colours (P, 3) in 0..1 of fragments.

    Args:
        canvas: the buffers that hold all surfaces.
        fragments: what is seen of them.
        surfaces: as drawn.
        materials: what the surfaces' numbers stand for.
        light: (3,), unit direction towards the light.
        ambient: share of the light that comes from everywhere.
        grain: (GRAIN_SIZE, GRAIN_SIZE), about 0, the picture's own fine grain.
    """
    number = fragments.surface
    frames = np.array([surface.frame for surface in surfaces], np.float32)
    origins = np.array([surface.origin for surface in surfaces], np.float32)
    shift = fragments.point - origins[number]
    local = np.einsum("pi,pij->pj", shift, frames[number])
    choices = np.array([surface.materials for surface in surfaces])
    splits = np.array([surface.split for surface in surfaces], np.float32)
    worn = choices[number, (fragments.along > splits[number]).astype(int)]

    colour = np.empty((len(number), 3), np.float32)
    gloss = np.zeros(len(number), np.float32)
    for identity in np.unique(worn):
        material, chosen = materials[identity], np.flatnonzero(worn == identity)
        colour[chosen] = _paint(material, local[chosen], grain)
        gloss[chosen] = material.gloss

    normal = fragments.normal
    direct = normal @ light.astype(np.float32)
    brightness = ambient + (1 - ambient) * np.clip(direct, 0, 1)
    brightness *= 0.72 - 0.28 * normal[:, 2]
    brightness *= 1 - _contact_shade(canvas).ravel()[fragments.index]
    half = light - np.array([0, 0, 1])
    shine = np.clip(normal @ (half / np.linalg.norm(half)).astype(np.float32), 0, 1) ** 24
    return np.clip(1.15 * colour * brightness[:, None] + (gloss * shine)[:, None], 0, 1)


def _paint(material: Material, local: np.ndarray, grain: np.ndarray) -> np.ndarray:
    colour = np.empty((len(local), 3), np.float32)
    colour[:] = material.colours[0]
    if material.pattern:
        x, y = (
            material.frequency * (local[:, 0] + 0.5 * local[:, 2]),
            material.frequency * local[:, 1],
        )
        colour[PATTERNS[material.pattern](x, y)] = material.colours[1]
    rows, columns = local[:, 1], local[:, 0] + local[:, 2]
    fine = grain[(rows * 400).astype(int) % GRAIN_SIZE, (columns * 400).astype(int) % GRAIN_SIZE]
    colour *= (1 + material.roughness * fine)[:, None]
    if material.detail:
        DETAILS[material.detail](local, colour, material.accents)
    return colour


def _contact_shade(canvas: Canvas) -> np.ndarray:
    """Darkening 0..0.45 beside nearer surfaces, from the blurred depth (Luft et al. 2006)."""
    depth = canvas.depth
    covered = depth < FAR
    shallow = np.where(covered, depth, 0)
    size = (7, 7)
    weight = cv2.blur(covered.astype(np.float32), size)
    mean = cv2.blur(shallow, size) / np.maximum(weight, 1e-6)
    return np.clip(3.5 * (shallow - mean), 0, 0.45)
