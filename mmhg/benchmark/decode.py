"""Time decoding of keypoints from heatmaps: a batch at once against MMPose's image by image."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor

from mmhg.benchmark.measure import Candidate, Comparison, compare
from mmhg.codecs import BatchMSRAHeatmap, HourglassHeatmap

PIXELS = 64
SIZES: dict[str, Any] = dict(input_size=(4 * PIXELS,) * 2, heatmap_size=(PIXELS,) * 2)
GOAL = 5.0


def run(
    seconds: float = 4.0, batch_size: int = 64, keypoints: int = 16, batches: int = 4
) -> list[Comparison]:
    """Compare decoding on the CPU.

    Args:
        seconds: Time for each comparison.
        batch_size: Images per batch.
        keypoints: Heatmaps per image.
        batches: Batches per repetition.
    """
    data = [make_heatmaps(batch_size, keypoints, seed) for seed in range(batches)]
    size = f"{batch_size} x {keypoints} heatmaps of {PIXELS} x {PIXELS} px"
    quarter = MSRAHeatmap(**SIZES, sigma=2)
    authors = HourglassHeatmap(**SIZES)
    loop = partial(one_by_one, quarter, data)

    def candidate(name: str, repetition: Any, **more: Any) -> Candidate:
        return Candidate(name, repetition, units=batch_size * batches, **more)

    batch_quarter = BatchMSRAHeatmap(**SIZES, sigma=2)
    return [
        compare(
            f"Decode: MMPose's quarter of a pixel, {size}",
            "image",
            [
                candidate("MMPose's, image by image", loop),
                candidate(
                    "mmhg's, batch by batch",
                    partial(all_at_once, batch_quarter, data),
                    goal=GOAL,
                    note=f"{deviation(quarter, batch_quarter, data)} MMPose's",
                ),
            ],
            seconds=seconds,
        ),
        compare(
            f"Decode: the authors' quarter of a pixel, {size}",
            "image",
            [
                candidate("MMPose's quarter, image by image", loop),
                candidate("the authors', image by image", partial(one_by_one, authors, data)),
                candidate(
                    "the authors', batch by batch",
                    partial(all_at_once, authors, data),
                    goal=GOAL,
                    note=f"{deviation(authors, authors, data)} image by image",
                ),
            ],
            seconds=seconds,
        ),
    ]


def make_heatmaps(batch_size: int, keypoints: int, seed: int) -> Tensor:
    """Make heatmaps (N, K, 64, 64) like a trained network's: one Gaussian each, and noise."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, PIXELS, (2, batch_size, keypoints, 1))
    pixels = np.arange(PIXELS)
    columns, rows = (np.exp(-((pixels - middle) ** 2) / 8) for middle in (x, y))
    heights = rng.uniform(0.05, 1, (batch_size, keypoints, 1, 1))
    heatmaps = heights * rows[..., :, None] * columns[..., None, :]
    return torch.from_numpy(heatmaps + rng.normal(0, 0.005, heatmaps.shape)).float()


def one_by_one(codec: BaseKeypointCodec, data: list[Tensor]) -> np.ndarray:
    """Decode image by image, as MMPose's heads do for a codec without batch decoding."""
    return np.stack([codec.decode(image)[0] for heatmaps in data for image in heatmaps.numpy()])


def all_at_once(codec: BaseKeypointCodec, data: list[Tensor]) -> np.ndarray:
    """Decode batch by batch."""
    return np.concatenate([codec.batch_decode(heatmaps)[0] for heatmaps in data])


def deviation(slow: BaseKeypointCodec, fast: BaseKeypointCodec, data: list[Tensor]) -> str:
    """Describe the largest difference of coordinates; the name of the reference follows it."""
    off = np.abs(all_at_once(fast, data) - one_by_one(slow, data)) / slow.scale_factor
    return f"at most {off.max():.1g} heatmap px off" if off.any() else "bit-identical to"
