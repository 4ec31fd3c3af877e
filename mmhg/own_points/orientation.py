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


def rotation_for(objects: Sequence[np.ndarray]) -> int:
    """Return by how many degrees a training should turn its images, to either side.

    It is 15 degrees more than 95 % of the objects are turned from their mean direction, in steps of
    15, from 30 (the paper's) to 90, and 180 beyond.

    Args:
        objects: Keypoints (K, 2) px of each, NaN where not labeled.
    """
    angles = turns(objects)
    if not len(angles):
        return LEAST
    typical = float(np.percentile(np.abs(angles), 95))
    degrees = 15 * int(np.ceil((typical + 15) / 15))
    return MOST if degrees > _ANY_DIRECTION else max(LEAST, degrees)


def turns(objects: Sequence[np.ndarray]) -> np.ndarray:
    """Return the angle, degrees from -180 to 180, of each object's turn from the mean direction.

    Each is turned onto the mean shape by the points that both have (Procrustes). Objects with fewer
    than two different points are left out.
    """
    points = np.array([one[:, 0] + 1j * one[:, 1] for one in objects])
    enough = [len(np.unique(one[~np.isnan(one)])) > 1 for one in points]
    points = points[enough] if len(points) else points
    if not len(points):
        return np.array([])
    points = np.array([_normal(one) for one in points])
    shape = points[np.isfinite(points).sum(axis=1).argmax()]
    for _ in range(_PASSES):
        turn = np.array([_turn(one, shape) for one in points])
        turned = points / np.where(np.isnan(turn), 1, turn)[:, None]
        turned[np.isnan(turn)] = np.nan
        known = np.isfinite(turned)
        sums = np.where(known, turned, 0).sum(axis=0)
        shape = np.where(known.any(axis=0), sums / known.sum(axis=0).clip(1), np.nan)
        if len(np.unique(shape[np.isfinite(shape)])) < 2:
            return np.array([])
    turn = np.array([_turn(one, shape) for one in points])
    turn = turn[~np.isnan(turn)]
    mean = turn.mean() if abs(turn.mean()) > 1e-6 else 1
    angles: np.ndarray = np.degrees(np.angle(turn / mean))
    return angles


def _normal(points: np.ndarray) -> np.ndarray:
    """Move points (K,) about 0, at a mean distance of 1."""
    points = points - np.nanmean(points)
    normal: np.ndarray = points / np.nanmean(np.abs(points))
    return normal


def _turn(points: np.ndarray, shape: np.ndarray) -> complex:
    """Return the turn, of length 1, from a shape (K,) to points; NaN if nothing tells."""
    both = np.isfinite(points) & np.isfinite(shape)
    if both.sum() < 2:
        return complex(np.nan)
    product = np.sum(
        (points[both] - points[both].mean()) * np.conj(shape[both] - shape[both].mean())
    )
    return complex(product / abs(product)) if abs(product) > 1e-9 else complex(np.nan)
