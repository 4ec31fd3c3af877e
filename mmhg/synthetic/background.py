"""Paint the background: a wall, sometimes a floor, and clutter, a little out of focus."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from mmhg.synthetic.materials import Collection, skin

Rng = np.random.Generator


def _noise(rng: Rng, width: int, height: int, cells: int) -> np.ndarray:
    """Draw smooth noise (H, W) in 0..1 with `cells` bumps across."""
    rows = max(2, round(cells * height / width))
    seed = rng.random((rows + 1, cells + 1), np.float32)
    return cv2.resize(seed, (width, height), interpolation=cv2.INTER_CUBIC)


def _octaves(rng: Rng, width: int, height: int) -> np.ndarray:
    start = int(rng.integers(3, 7))
    octaves = [_noise(rng, width, height, start * 2**i) * 0.5**i for i in range(4)]
    return np.add.reduce(octaves) / 1.875


def _grid(rng: Rng, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y (H, W) each, counted in repetitions of the pattern, rotated and shifted."""
    x = np.arange(width, dtype=np.float32)[None]
    y = np.arange(height, dtype=np.float32)[:, None]
    angle, pitch = rng.normal(0, 0.12), rng.uniform(0.04, 0.12) * 200 / height
    cos, sin = np.float32(pitch * np.cos(angle)), np.float32(pitch * np.sin(angle))
    return cos * x - sin * y, sin * x + cos * y + np.float32(rng.random())


def _clouds(rng: Rng, width: int, height: int) -> np.ndarray:
    return _octaves(rng, width, height)


def _bricks(rng: Rng, width: int, height: int) -> np.ndarray:
    x, y = _grid(rng, width, height)
    row = np.floor(y)
    x = 0.45 * x + 0.5 * (row % 2)
    joint = (y - row < 0.12) | (x - np.floor(x) < 0.06)
    tint = np.modf(np.abs(np.sin(12.9898 * np.floor(x) + 78.233 * row)) * 437.585)[0]
    return np.where(joint, 0.0, 0.45 + 0.4 * tint) + 0.25 * _noise(rng, width, height, 24)


def _planks(rng: Rng, width: int, height: int) -> np.ndarray:
    x, y = _grid(rng, width, height)
    along = y if rng.random() < 0.5 else x
    plank = np.floor(along)
    tint = np.modf(np.abs(np.sin(91.17 * plank)) * 43.758)[0]
    grain = 0.3 * np.sin(14 * along + 3 * _noise(rng, width, height, 6))
    return np.where(along - plank < 0.08, 0.05, 0.35 + 0.45 * tint + grain * 0.4)


def _marble(rng: Rng, width: int, height: int) -> np.ndarray:
    x, y = _grid(rng, width, height)
    return 0.5 + 0.5 * np.sin(1.5 * (x + 0.6 * y) + 9 * _octaves(rng, width, height))


def _tiles(rng: Rng, width: int, height: int) -> np.ndarray:
    x, y = _grid(rng, width, height)
    u, v = 0.5 * (x + y), 0.5 * (x - y)
    joint = (u - np.floor(u) < 0.07) | (v - np.floor(v) < 0.07)
    tint = np.modf(np.abs(np.sin(41.3 * np.floor(u) + 17.9 * np.floor(v))) * 711.3)[0]
    return np.where(joint, 1.0, 0.2 + 0.45 * tint) + 0.15 * _noise(rng, width, height, 30)


def _cells(rng: Rng, width: int, height: int) -> np.ndarray:
    canvas = np.full((height, width), 255, np.uint8)
    seeds = rng.random((int(rng.integers(25, 80)), 2)) * (width, height)
    canvas[seeds[:, 1].astype(int), seeds[:, 0].astype(int)] = 0
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, 3)
    return distance / distance.max() + 0.2 * _noise(rng, width, height, 16)


BACKDROPS: dict[str, Callable[[Rng, int, int], np.ndarray]] = {
    "clouds": _clouds,
    "bricks": _bricks,
    "planks": _planks,
    "marble": _marble,
    "tiles": _tiles,
    "cells": _cells,
}
"""Families of textures. Each gives (H, W) of about 0..1, which blends two colors."""


def paint_background(
    rng: Rng, width: int, height: int, collection: Collection, clutter: int, blur: float
) -> np.ndarray:
    """Paint a background (H, W, 3), RGB in 0..1."""
    image = _surface(rng, width, height, collection)
    if rng.random() < 0.6:
        horizon = int(height * rng.uniform(0.55, 0.85))
        floor = _surface(rng, width, height, collection)
        image[horizon:] = floor[horizon:]
    image *= 0.75 + 0.5 * _noise(rng, width, height, 2)[..., None]
    for _ in range(rng.poisson(clutter)):
        _add_thing(rng, image, collection)
    sigma = rng.uniform(0.3, blur)
    return np.clip(cv2.GaussianBlur(image, (0, 0), sigma), 0, 1)


def _surface(rng: Rng, width: int, height: int, collection: Collection) -> np.ndarray:
    texture = BACKDROPS[str(rng.choice(collection.backdrops))](rng, width, height)
    first = _faded(rng, collection, 0.5)
    second = first + rng.uniform(0.15, 0.6) * (_faded(rng, collection, 0.5) - first)
    first, second = first.astype(np.float32), second.astype(np.float32)
    return first + np.clip(texture, 0, 1).astype(np.float32)[..., None] * (second - first)


def _faded(rng: Rng, collection: Collection, most: float) -> np.ndarray:
    """Draw a color of the collection that is less saturated than clothes."""
    color = collection.color(rng)
    return color + rng.uniform(0, most) * (color.mean() - color)


def _add_thing(rng: Rng, image: np.ndarray, collection: Collection) -> None:
    """Paint a box, a ball, a panel or something that looks like a limb."""
    height, width = image.shape[:2]
    color = tuple((_faded(rng, collection, 0.6) * rng.uniform(0.5, 1)).tolist())
    center = rng.random(2) * (width, height)
    size = height * rng.uniform(0.06, 0.28, 2)
    kind = rng.choice(["box", "ball", "panel", "limb"], p=[0.35, 0.2, 0.25, 0.2])
    if kind == "ball":
        cv2.ellipse(
            image, (center.tolist(), size.tolist(), rng.uniform(0, 180)), color, -1, cv2.LINE_AA
        )
    elif kind == "limb":
        end = center + height * rng.uniform(-0.25, 0.25, 2)
        tone = tuple((skin(rng) * 0.9).tolist()) if rng.random() < 0.5 else color
        width_px = max(2, int(height * rng.uniform(0.02, 0.05)))
        cv2.line(image, _integers(center), _integers(end), tone, width_px, cv2.LINE_AA)
    else:
        corners = cv2.boxPoints((center.tolist(), (2 * size).tolist(), rng.normal(0, 15)))
        cv2.fillConvexPoly(image, corners.astype(np.int32), color, cv2.LINE_AA)
        if kind == "panel":
            inner = (corners - corners.mean(0)) * 0.75 + corners.mean(0)
            shade = tuple((np.array(color) * 0.7).tolist())
            cv2.fillConvexPoly(image, inner.astype(np.int32), shade, cv2.LINE_AA)


def _integers(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])
