"""Batches are read as MMPose and `HourglassHeatmap.decode` read their images one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS, MODELS
from torch import Tensor

from mmhg.codecs import BatchMSRAHeatmap, HourglassHeatmap
from reference import authors

WIDTH, HEIGHT = 48, 64
SIZES: dict[str, Any] = dict(input_size=(192, 256), heatmap_size=(WIDTH, HEIGHT))
QUARTER = (MSRAHeatmap(**SIZES, sigma=2), BatchMSRAHeatmap(**SIZES, sigma=2))
AUTHORS = (HourglassHeatmap(**SIZES), HourglassHeatmap(**SIZES))
EXACT = [pytest.param(*QUARTER, id="quarter"), pytest.param(*AUTHORS, id="authors")]


def bumps(noise: float, images: int = 4, keypoints: int = 8, seed: int = 0) -> Tensor:
    """Make heatmaps as trained networks give them: one high and one low Gaussian, and noise."""
    rng = np.random.default_rng(seed)
    shape = (images, keypoints, 1, 1)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    heatmaps = np.zeros((images, keypoints, HEIGHT, WIDTH))
    for highest in (1, 0.2):
        left, top = rng.uniform(-2, WIDTH + 1, shape), rng.uniform(-2, HEIGHT + 1, shape)
        distances = (x - left) ** 2 + (y - top) ** 2
        height, sigma = rng.uniform(0, highest, shape), rng.uniform(1, 3, shape)
        heatmaps += height * np.exp(-distances / (2 * sigma**2))
    return torch.from_numpy(heatmaps + rng.normal(0, 1, heatmaps.shape) * noise).float()


def coarse() -> Tensor:
    """Make heatmaps of few levels, so that maxima and neighbors tie."""
    return (bumps(0.05) * 8).round() / 8


def spots() -> Tensor:
    """Make heatmaps of one bright pixel, at each place of the outer three rings and a few more."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    ring = np.minimum.reduce([x, y, WIDTH - 1 - x, HEIGHT - 1 - y]) < 3
    rows, columns = np.nonzero(ring | (x == y))
    heatmaps = torch.rand(1, len(rows), HEIGHT, WIDTH, generator=torch.manual_seed(0)) * 0.5
    heatmaps[0, range(len(rows)), rows, columns] = 1
    return heatmaps


def degenerate() -> Tensor:
    """Make heatmaps without a peak, with several, with stripes and plateaus, huge and tiny."""
    heatmaps = bumps(0.01, images=1, keypoints=10, seed=3)
    zero, negative, constant, rows, columns, plateau, huge, tiny, not_positive, two = heatmaps[0]
    zero[:] = 0
    negative.abs_().add_(0.01).neg_()
    constant[:] = 0.25
    rows[:] = torch.linspace(0, 1, HEIGHT)[:, None].sin()
    columns[:] = (torch.linspace(0, 3, WIDTH)).sin()
    plateau.clamp_(max=plateau.max() * 0.5)
    huge *= 1e4
    tiny *= 1e-12
    not_positive.abs_().neg_()[:20] = 0
    two[:] = 0
    two[10, 10] = two[40, 30] = 1
    return heatmaps


def one_by_one(codec: BaseKeypointCodec, heatmaps: Tensor) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(all="ignore"):
        decoded = [codec.decode(image) for image in heatmaps.numpy()]
    keypoints, scores = zip(*decoded, strict=True)
    return np.stack(keypoints), np.stack(scores)


def assert_same(slow: BaseKeypointCodec, fast: BaseKeypointCodec, heatmaps: Tensor) -> None:
    """Compare to the bit, shapes and types too."""
    keypoints, scores = fast.batch_decode(heatmaps)
    assert isinstance(keypoints, list) and isinstance(scores, list)
    for found, expected in zip(
        (np.stack(keypoints), np.stack(scores)), one_by_one(slow, heatmaps), strict=True
    ):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("slow", "fast"), EXACT)
@pytest.mark.parametrize("make", [lambda: bumps(0), lambda: bumps(0.05), coarse, spots, degenerate])
def test_quarters_are_equal_to_the_bit(slow, fast, make) -> None:
    assert_same(slow, fast, make())


@pytest.mark.parametrize(("slow", "fast"), EXACT)
def test_quarters_of_other_types_and_layouts(slow, fast) -> None:
    heatmaps = bumps(0.05)
    assert_same(slow, fast, heatmaps.double())
    assert_same(slow, fast, heatmaps.contiguous(memory_format=torch.channels_last))
    assert_same(slow, fast, heatmaps.transpose(2, 3).contiguous().transpose(2, 3))
    for narrow in (heatmaps.half(), heatmaps.bfloat16()):
        keypoints, scores = fast.batch_decode(narrow)
        expected, expected_scores = one_by_one(slow, narrow.float())
        np.testing.assert_array_equal(keypoints, expected)
        np.testing.assert_array_equal(scores, expected_scores)
    keypoints, _ = fast.batch_decode(heatmaps.clone().requires_grad_())
    np.testing.assert_array_equal(keypoints, one_by_one(slow, heatmaps)[0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("slow", "fast"), EXACT)
def test_quarters_beside_what_is_not_finite(slow, fast) -> None:
    heatmaps = spots()[:, ::7].clone()
    flat = heatmaps.flatten(2)
    best = flat.argmax(2, keepdim=True)
    for step, value in ((1, np.nan), (WIDTH, np.inf), (-1, -np.inf), (0, np.nan), (0, np.inf)):
        changed = flat.scatter(2, (best + step).clamp(0, flat.shape[2] - 1), value)
        assert_same(slow, fast, changed.view(heatmaps.shape))


def test_authors_as_they_define_it() -> None:
    heatmaps = torch.cat((bumps(0.05), coarse()))
    keypoints, scores = HourglassHeatmap(**SIZES).batch_decode(heatmaps)
    for person, points, maxima in zip(heatmaps.numpy(), keypoints, scores, strict=True):
        # Positions run from 0 to the side of the crop; pixel 0's middle lies at 0.5.
        expected = [4 * authors.read_off(heatmap) - 0.5 for heatmap in person]
        np.testing.assert_array_equal(points[0], np.float32(expected))
        np.testing.assert_array_equal(maxima[0], person.max((1, 2)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("slow", "fast"), EXACT)
def test_on_a_gpu(slow, fast) -> None:
    heatmaps = bumps(0.01, images=16)
    keypoints, scores = fast.batch_decode(heatmaps.cuda())
    expected, expected_scores = fast.batch_decode(heatmaps)
    np.testing.assert_array_equal(keypoints, expected)
    np.testing.assert_array_equal(scores, expected_scores)


@pytest.mark.parametrize(("slow", "fast"), EXACT)
def test_heads_decode_batches_so(slow, fast, monkeypatch) -> None:
    heatmaps = bumps(0)
    expected = one_by_one(slow, heatmaps)
    monkeypatch.setattr(type(fast), "decode", None)  # not called
    head = MODELS.build(
        dict(type="HeatmapHead", in_channels=8, out_channels=8, deconv_out_channels=None)
    )
    head.decoder = fast
    for found, keypoints, scores in zip(head.decode(heatmaps), *expected, strict=True):
        np.testing.assert_allclose(found.keypoints, keypoints, rtol=1e-6)
        np.testing.assert_array_equal(found.keypoint_scores, scores)


def test_dark_is_left_to_mmpose() -> None:
    dark = BatchMSRAHeatmap(**SIZES, sigma=2, unbiased=True)
    assert not dark.support_batch_decoding
    assert BatchMSRAHeatmap(**SIZES, sigma=2).support_batch_decoding
    heatmaps = bumps(0)
    head = MODELS.build(
        dict(type="HeatmapHead", in_channels=8, out_channels=8, deconv_out_channels=None)
    )
    head.decoder = dark
    expected, _ = one_by_one(MSRAHeatmap(**SIZES, sigma=2, unbiased=True), heatmaps)
    for found, keypoints in zip(head.decode(heatmaps), expected, strict=True):
        np.testing.assert_array_equal(found.keypoints, keypoints)


def test_is_registered_and_encodes_as_mmposes() -> None:
    slow, fast = (
        KEYPOINT_CODECS.build(dict(type=kind, **SIZES, sigma=2))
        for kind in ("MSRAHeatmap", "BatchMSRAHeatmap")
    )
    keypoints = np.random.default_rng(0).uniform(0, 192, (1, 5, 2)).astype(np.float32)
    for key, value in slow.encode(keypoints).items():
        np.testing.assert_array_equal(fast.encode(keypoints)[key], value)
