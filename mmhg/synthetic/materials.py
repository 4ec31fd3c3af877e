"""Draw colors and cloth patterns from two collections.

The training split draws from one collection, validation and test from the other. No saturated
color, gray or pattern is in both. Hues are cut into `HUES` sectors that go to the collections in
turn. The brightness of grays is divided in the same way. The patterns' names are disjoint.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, field

import numpy as np

Rng = np.random.Generator
HUES = 24

SKINS = np.array(
    [
        (0.96, 0.80, 0.69),
        (0.90, 0.70, 0.56),
        (0.80, 0.58, 0.43),
        (0.66, 0.45, 0.31),
        (0.48, 0.31, 0.21),
        (0.35, 0.22, 0.15),
    ]
)
HAIRS = np.array(
    [(0.07, 0.06, 0.05), (0.2, 0.13, 0.08), (0.4, 0.26, 0.13), (0.78, 0.62, 0.35), (0.6, 0.6, 0.6)]
)


@dataclass(frozen=True)
class Collection:
    """Collect the clothes and backgrounds that one side of the split may use.

    `parity` selects the hue sectors and `grays` the brightness of colors without hue. `patterns`
    and `backdrops` name families of `shading.PATTERNS` and `background.BACKDROPS`.
    """

    parity: int
    grays: tuple[float, ...]
    patterns: tuple[str, ...]
    backdrops: tuple[str, ...]

    def color(self, rng: Rng) -> np.ndarray:
        """Draw an RGB color (3,) in 0..1."""
        if rng.random() < 0.25:
            return np.full(3, rng.choice(self.grays) + rng.uniform(-0.02, 0.02))
        sector = 2 * rng.integers(HUES // 2) + self.parity
        hue = (sector + rng.uniform(0.15, 0.85)) / HUES
        value = rng.uniform(0.3, 0.95)
        return np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.3, 0.9), value))


TRAINING = Collection(
    parity=0,
    grays=(0.16, 0.4, 0.64, 0.88),
    patterns=("hoops", "checks", "dots"),
    backdrops=("clouds", "bricks", "planks"),
)
HELD_OUT = Collection(
    parity=1,
    grays=(0.1, 0.28, 0.52, 0.76),
    patterns=("pinstripes", "diagonals", "diamonds"),
    backdrops=("marble", "tiles", "cells"),
)


@dataclass
class Material:
    """Describe the looks of a surface.

    Attributes:
        colors: (2, 3) RGB in 0..1, blended by the pattern.
        pattern: a name in `shading.PATTERNS`, or None for the first color alone.
        frequency: the pattern's repetitions per stature.
        roughness: strength of the fine grain.
        gloss: strength of the highlight.
        detail: a name in `shading.DETAILS` drawn over the pattern, such as a face.
        accents: (A, 3), colors of the detail.
    """

    colors: np.ndarray
    pattern: str | None = None
    frequency: float = 20.0
    roughness: float = 0.1
    gloss: float = 0.0
    detail: str | None = None
    accents: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))


def skin(rng: Rng) -> np.ndarray:
    """Draw a skin tone (3,) between two neighbors of `SKINS`."""
    position = rng.uniform(0, len(SKINS) - 1)
    index = int(position)
    return SKINS[index] + (position - index) * (
        SKINS[min(index + 1, len(SKINS) - 1)] - SKINS[index]
    )


def cloth(rng: Rng, collection: Collection, plain: float) -> Material:
    """Draw a cloth. A share `plain` of all cloths has no pattern."""
    first, second = collection.color(rng), collection.color(rng)
    if rng.random() < plain:
        return Material(np.stack([first, first]), roughness=rng.uniform(0.05, 0.25))
    return Material(
        np.stack([first, second]),
        pattern=str(rng.choice(collection.patterns)),
        frequency=rng.uniform(9, 28),
        roughness=rng.uniform(0.05, 0.2),
    )
