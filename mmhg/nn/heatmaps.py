"""Draw heatmaps from keypoints, and read keypoints off heatmaps.

Shape shorthand in this module: N images, K keypoints, M maps, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

QUARTER = 0.25
"""Heatmap px from the maximum towards the higher neighbor."""

BEFORE_FLOOR = 1e-4
"""Heatmap px that `pose-hg-train` adds so that rounding does not cost a whole pixel."""


class Peaks(NamedTuple):
    """The maxima of maps, each the first in reading order, and the slopes there.

    Attributes:
        positions: x and y (M, 2), heatmap px, 0-based.
        values: (M,). A NaN counts as the maximum of its map.
        slopes: (M, 2) right neighbor minus left, lower minus upper. Where one is missing, at the
            border, it is another pixel of the map.
    """

    positions: np.ndarray
    values: np.ndarray
    slopes: np.ndarray


def find_peaks(maps: np.ndarray) -> Peaks:
    """Find the maxima of maps (M, H, W)."""
    width = maps.shape[2]
    flat = maps.reshape(len(maps), -1)
    best = flat.argmax(1)
    each = np.arange(len(flat))
    around = (best[:, None] + np.array((1, width, -1, -width))).clip(0, flat.shape[1] - 1)
    neighbors = flat[each[:, None], around]
    with np.errstate(invalid="ignore"):  # a difference of infinities is NaN
        slopes = neighbors[:, :2] - neighbors[:, 2:]
    positions = np.stack((best % width, best // width), axis=1)
    return Peaks(positions, flat[each, best], slopes)


def quarter_offsets(peaks: Peaks, allowed: np.ndarray) -> np.ndarray:
    """Return the steps (M, 2) of a quarter pixel towards the higher neighbors; 0 on a tie.

    Args:
        peaks: As found.
        allowed: (M, 2) or (M, 1) bool, where to move along x and y.
    """
    with np.errstate(invalid="ignore"):  # the sign of NaN is NaN
        return QUARTER * np.sign(np.where(allowed, peaks.slopes, 0))


def read_keypoints(maps: np.ndarray, stride: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read keypoints (M, 2), input px, and scores (M,) off maps (M, H, W), as `decode_heatmaps`."""
    peaks = find_peaks(maps)
    last = np.array(maps.shape[:0:-1]) - 1
    inside = np.logical_and.reduce(
        ((peaks.positions > 0) & (peaks.positions < last)), axis=1, keepdims=True
    )
    pixels = peaks.positions + quarter_offsets(peaks, inside)
    return ((pixels + 0.5) * stride - 0.5).astype(np.float32), peaks.values


def as_maps(heatmaps: Tensor) -> np.ndarray:
    """Return heatmaps (N, K, H, W) of any device as maps (N K, H, W), float32 or wider."""
    maps = heatmaps.detach().flatten(0, 1)
    return maps.to("cpu", torch.promote_types(maps.dtype, torch.float32)).contiguous().numpy()


def decode_heatmaps(heatmaps: Tensor, *, stride: float = 4) -> tuple[Tensor, Tensor]:
    """Read keypoints off heatmaps by the rule of the authors' released code.

    A keypoint is at the maximum, moved a quarter pixel towards the higher neighbor along each axis,
    unless the maximum lies on the border. A heatmap pixel covers `stride` x `stride` input px.

    Args:
        heatmaps: (N, K, H, W), of any device.
        stride: Input px per heatmap px.

    Returns:
        Keypoints (N, K, 2), x and y in input px, 0-based, and the maxima (N, K) as their scores;
        float32, on the heatmaps' device.
    """
    keypoints, scores = map(torch.from_numpy, read_keypoints(as_maps(heatmaps.float()), stride))
    people, device = heatmaps.shape[:2], heatmaps.device
    return keypoints.reshape(*people, 2).to(device), scores.reshape(people).to(device)


def draw_targets(
    keypoints: Tensor,
    size: Sequence[int],
    *,
    annotated: Tensor | None = None,
    stride: float = 4,
    sigma: float = 1.0,
    patch_size: int = 7,
) -> Tensor:
    """Draw one Gaussian per keypoint, of amplitude 1, about the heatmap pixel that it falls on.

    Args:
        keypoints: (N, K, 2), x and y in input px, 0-based.
        size: Width and height of the heatmaps in px, W and H.
        annotated: (N, K) bool; the others get an empty heatmap. None draws all.
        stride: Input px per heatmap px.
        sigma: Of the Gaussian, in heatmap px; the paper's is 1.
        patch_size: Side of the patch that the Gaussian is cut to, in heatmap px; odd.

    Returns:
        (N, K, H, W) float32, on the keypoints' device.
    """
    pixels = torch.floor((keypoints.double() + 0.5) / stride + BEFORE_FLOOR)
    profiles = []
    for axis, length in enumerate(size):
        distances = torch.arange(length, device=keypoints.device) - pixels[..., axis, None]
        profile = torch.exp(-distances.square() / (2 * sigma**2))
        profiles.append(profile.masked_fill(distances.abs() > patch_size // 2, 0).float())
    columns, rows = profiles
    heatmaps = rows[..., :, None] * columns[..., None, :]
    return heatmaps if annotated is None else heatmaps * annotated[..., None, None]
