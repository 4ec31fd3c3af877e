"""Compare an exported network with PyTorch's.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from torch.nn import functional

from mmhg.export.predict import Network, decode

TOLERANCE = 1e-4
HALF_TOLERANCE = 1e-2
"""Limits of the heatmaps' differences, as parts of their range."""

KEYPOINT_TOLERANCE = 0.01
"""Limit of the keypoints' distances, px of the network's input, where they are unambiguous."""

NUM_IMAGES = 4


class Agreement(NamedTuple):
    """The differences between an exported network and PyTorch's.

    Attributes:
        difference: Largest difference of the heatmaps, as a part of their range.
        tolerance: Limit of the difference.
        joints: Number of joints.
        unclear: Number of joints that twice the difference may move: the maximum, or the neighbor
            towards which it is moved, is higher by no more, or DARK's step is that sensitive.
        distance: Largest distance of the other joints, px of the network's input.
        held: True if the distance must keep its limit: in float32, and where comparisons alone
            decide where a keypoint is.
    """

    difference: float
    tolerance: float
    joints: int
    unclear: int
    distance: float
    held: bool

    @property
    def passes(self) -> bool:
        """Tell whether heatmaps and keypoints are near enough."""
        near = self.difference <= self.tolerance
        return near and (not self.held or self.distance <= KEYPOINT_TOLERANCE)

    def __str__(self) -> str:
        compared = self.joints - self.unclear
        text = (
            f"heatmaps differ by at most {self.difference:.1e} of their range "
            f"(limit {self.tolerance:.0e}), "
        )
        if compared:
            text += f"keypoints by at most {self.distance:.2g} px in {compared} of "
        else:
            text += "keypoints are not compared in any of "
        text += f"{self.joints} joints"
        if self.unclear:
            text += (
                f"; {'the other ' if compared else ''}{self.unclear} are too close to call in the "
                "check's made-up images, which is no failure"
            )
        return text


def example_images(number: int, description: Mapping[str, Any]) -> np.ndarray:
    """Make network inputs (number, C, height, width), float32: patches of random colors."""
    width, height = description["input"]["size"]
    generator = torch.Generator().manual_seed(0)
    mean, std = (
        torch.tensor(description["input"][name]).view(1, -1, 1, 1) for name in ("mean", "std")
    )
    images = []
    for index in range(number):
        cells = 4 ** (index % NUM_IMAGES + 1)
        colors = 255 * torch.rand(1, mean.shape[1], cells, cells, generator=generator)
        images.append(functional.interpolate(colors, (height, width), mode="bilinear"))
    return ((torch.cat(images) - mean) / std).numpy()


def compare(
    exported: Network,
    expected: np.ndarray,
    images: np.ndarray,
    decoder: BaseKeypointCodec,
    description: dict[str, Any],
) -> Agreement:
    """Run an exported network and compare.

    Args:
        exported: As `predict.load_network` gives it.
        expected: PyTorch's heatmaps (N, K, H, W) of the images.
        images: Network inputs (N, C, height, width).
        decoder: The codec of the training, which reads the expected heatmaps.
        description: As in `model.json`.
    """
    # One image, then several: an open number of images must allow both.
    parts = exported(images[:1]), exported(images[1:])
    outputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    heatmaps = outputs["heatmaps"]
    largest = float(np.abs(heatmaps - expected).max())
    keypoints = outputs.get("keypoints")
    if keypoints is None:
        keypoints, _ = decode(heatmaps, description["codec"])
    wanted = np.concatenate([decoder.decode(maps)[0] for maps in expected])
    clear = margins(expected) > 2 * largest
    decided = description["codec"]["rule"] in ("authors", "mmpose")
    if not decided:
        clear &= steady(expected, 2 * largest, description["codec"])
    distances = np.linalg.norm(keypoints - wanted, axis=2)[clear]
    half = description["precision"] != "float32"
    return Agreement(
        difference=largest / float(np.ptp(expected)),
        tolerance=HALF_TOLERANCE if half else TOLERANCE,
        joints=clear.size,
        unclear=int((~clear).sum()),
        distance=float(distances.max(initial=0)),
        held=not half and decided,
    )


def margins(heatmaps: np.ndarray) -> np.ndarray:
    """Measure how clearly heatmaps (N, K, H, W) determine their joints.

    Returns:
        (N, K): the smallest of three differences: of the maximum and the next value, of the maximum
        and 0, and of the maximum's two neighbors along each axis, where it has both.
    """
    number, joints, height, width = heatmaps.shape
    flat = heatmaps.reshape(number, joints, -1)
    best = flat.argmax(2)
    second, first = np.moveaxis(np.partition(flat, -2, axis=2)[..., -2:], 2, 0)
    least = np.minimum(first - second, np.abs(first))
    for position, size, step in ((best % width, width, 1), (best // width, height, width)):
        inside = (position > 0) & (position < size - 1)
        after, before = (
            np.take_along_axis(flat, (best + sign * step * inside)[..., None], axis=2)[..., 0]
            for sign in (1, -1)
        )
        least = np.where(inside, np.minimum(least, np.abs(after - before)), least)
    return least


def steady(heatmaps: np.ndarray, difference: float, codec: dict[str, Any]) -> np.ndarray:
    """Tell which joints (N, K) stay where they are if all heatmaps change by `difference`."""
    signs = np.random.default_rng(0).choice([-1, 1], heatmaps.shape)
    before, _ = decode(heatmaps, codec)
    after, _ = decode((heatmaps + difference * signs).astype(np.float32), codec)
    return np.linalg.norm(after - before, axis=2) <= KEYPOINT_TOLERANCE
