"""Measure how far objects are turned against each other, for the augmentation.

Points are complex numbers in this module, so that a turn is a multiplication. Shape shorthand: N
objects, K keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAST, MOST = 30, 180
"""Degrees: the paper's augmentation, and any direction."""

_ANY_DIRECTION = 90
"""Degrees from which on all are taken to occur."""

_PASSES = 3
_ENOUGH = 2_000
"""Objects that are measured, about; more tell no more."""


def rotation_for(objects: Sequence[np.ndarray]) -> int:
    """Return by how many degrees a training should turn its images, to either side.

    It is 15 degrees more than 95 % of the objects are turned from their mean direction, in steps of
    15, from 30 (the paper's) to 90, and 180 beyond.

    Args:
        objects: Keypoints (K, 2) px of each, NaN where not labeled.
    """
    angles = turns(objects[:: max(1, len(objects) // _ENOUGH)])
    if not len(angles):
        return LEAST
    typical = float(np.percentile(np.abs(angles), 95))
    degrees = 15 * int(np.ceil((typical + 15) / 15))
    return MOST if degrees > _ANY_DIRECTION else max(LEAST, degrees)


def turns(objects: Sequence[np.ndarray]) -> np.ndarray:
    """Return the angle, degrees from -180 to 180, of each object's turn from the mean direction.

    Each is laid onto the mean shape by the points that both have (Procrustes). Objects that share
    fewer than two with it are left out.
    """
    points = np.array([one[:, 0] + 1j * one[:, 1] for one in objects])
    if not len(points):
        return np.array([])
    shape = points[np.isfinite(points).sum(axis=1).argmax()]
    for _ in range(_PASSES):
        laid = np.array([_laid_onto(shape, one) for one in points])
        known = np.isfinite(laid)
        mean = np.where(known, laid, 0).sum(axis=0) / known.sum(axis=0).clip(1)
        shape = np.where(known.any(axis=0), mean, shape)
    turn = np.array([_turn(shape, one) for one in points])
    turn = turn[np.isfinite(turn)]
    turn /= np.abs(turn)
    mean = turn.mean() if len(turn) else 0
    angles: np.ndarray = np.degrees(np.angle(turn / mean if abs(mean) > 1e-6 else turn))
    return angles


def _laid_onto(shape: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move, turn and scale points (K,) so that they lie on a shape; NaN if nothing tells how."""
    both = np.isfinite(points) & np.isfinite(shape)
    if not both.any():
        return np.full_like(points, np.nan)
    with np.errstate(invalid="ignore"):
        laid: np.ndarray = (points - points[both].mean()) / _turn(shape, points)
    return laid + shape[both].mean()


def _turn(shape: np.ndarray, points: np.ndarray) -> complex:
    """Return the turn and growth from a shape to points (K,), by which it is multiplied."""
    both = np.isfinite(points) & np.isfinite(shape)
    if both.sum() < 2:
        return complex(np.nan)
    centered = shape[both] - shape[both].mean()
    product = np.sum((points[both] - points[both].mean()) * np.conj(centered))
    size = np.sum(np.abs(centered) ** 2)
    return complex(product / size) if abs(product) > 1e-9 * size else complex(np.nan)
