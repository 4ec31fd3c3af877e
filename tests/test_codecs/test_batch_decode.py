"""Batches are read as MMPose and `HourglassHeatmap.decode` read their images one by one."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS, MODELS
from torch import Tensor

from mmhg.codecs import (
    BatchMSRAHeatmap,
    BatchUDPHeatmap,
    HourglassHeatmap,
    array_decode,
    batch_decode,
)
from reference import authors

WIDTH, HEIGHT = 48, 64
SIZES: dict[str, Any] = dict(input_size=(192, 256), heatmap_size=(WIDTH, HEIGHT))
NEAR = 1e-3
"""Heatmap px that DARK may be off MMPose's."""

QUARTER = (MSRAHeatmap(**SIZES, sigma=2), BatchMSRAHeatmap(**SIZES, sigma=2))
AUTHORS = (HourglassHeatmap(**SIZES), HourglassHeatmap(**SIZES))
EXACT = [pytest.param(*QUARTER, id="quarter"), pytest.param(*AUTHORS, id="authors")]
DARK = [
    pytest.param(
        MSRAHeatmap(**SIZES, sigma=2, unbiased=True, blur_kernel_size=kernel),
        BatchMSRAHeatmap(**SIZES, sigma=2, unbiased=True, blur_kernel_size=kernel),
        id=f"dark {kernel}",
    )
    for kernel in (11, 3)
] + [
    pytest.param(
        UDPHeatmap(**SIZES, blur_kernel_size=kernel),
        BatchUDPHeatmap(**SIZES, blur_kernel_size=kernel),
        id=f"udp {kernel}",
    )
    for kernel in (11, 17)
]


@pytest.fixture(params=["cpu", "as on a device"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The second form takes, on the CPU, the way that heatmaps on other devices go."""
    if request.param != "cpu":
        monkeypatch.setattr(torch.Tensor, "is_cpu", False, raising=False)
    return request.param


def bumps(noise: float, images: int = 4, keypoints: int = 8, seed: int = 0) -> Tensor:
    """Heatmaps as trained networks give them: one high and one low Gaussian, and noise."""
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
    """Few levels, so that maxima and neighbours tie."""
    return (bumps(0.05) * 8).round() / 8


def spots() -> Tensor:
    """One bright pixel a heatmap, in turn at each place of the outer three rings and a few more."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    ring = np.minimum.reduce([x, y, WIDTH - 1 - x, HEIGHT - 1 - y]) < 3
    rows, columns = np.nonzero(ring | (x == y))
    heatmaps = torch.rand(1, len(rows), HEIGHT, WIDTH, generator=torch.manual_seed(0)) * 0.5
    heatmaps[0, range(len(rows)), rows, columns] = 1
    return heatmaps


def degenerate() -> Tensor:
    """Without a peak, with several, with stripes and plateaus, huge and tiny."""
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
    """To the bit, shapes and types too."""
    keypoints, scores = fast.batch_decode(heatmaps)
    assert isinstance(keypoints, list) and isinstance(scores, list)
    for found, expected in zip(
        (np.stack(keypoints), np.stack(scores)), one_by_one(slow, heatmaps), strict=True
    ):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def assert_near(
    slow: BaseKeypointCodec, fast: BaseKeypointCodec, heatmaps: Tensor, near: float = NEAR
) -> None:
    """Keypoints within `near` heatmap px, scores to the bit."""
    keypoints, scores = fast.batch_decode(heatmaps)
    expected, expected_scores = one_by_one(slow, heatmaps)
    assert np.stack(keypoints).dtype == expected.dtype
    found, expected = (points / slow.scale_factor for points in (np.stack(keypoints), expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=near)
    np.testing.assert_array_equal(np.stack(scores), expected_scores)


@pytest.fixture
def shared_among_threads(monkeypatch):
    """Called with a number of threads, lets small maps be shared among them as large ones are."""
    monkeypatch.setattr(array_decode, "_SHARE", 1)
    return lambda threads: monkeypatch.setattr(torch, "get_num_threads", lambda: threads)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_maxima_are_numpys_on_any_number_of_threads(shared_among_threads, threads: int) -> None:
    shared_among_threads(threads)
    maps = torch.randint(0, 50, (7, 9, 11), generator=torch.Generator().manual_seed(0)).float()
    maps[3, 4, 5] = torch.nan
    maps[5] = 0
    peaks = batch_decode.find_peaks(maps)
    first = maps.flatten(1).numpy().argmax(1)
    np.testing.assert_array_equal(peaks.indices, first)
    np.testing.assert_array_equal(peaks.places, np.stack((first % 11, first // 11), axis=1))
    np.testing.assert_array_equal(peaks.values, maps.flatten(1).numpy().max(1))


def test_maxima_in_a_forked_process(shared_among_threads) -> None:
    shared_among_threads(2)
    maps = torch.eye(6).view(6, 2, 3)
    assert batch_decode.find_peaks(maps).indices.tolist() == list(range(6))
    # The parent's threads are not in the child, which would wait for them for ever.
    with multiprocessing.get_context("fork").Pool(1) as pool:
        indices = pool.apply_async(_peak_indices, [maps.numpy()]).get(timeout=30)
    assert indices == list(range(6))


def _peak_indices(maps: np.ndarray) -> list[int]:
    return batch_decode.find_peaks(torch.from_numpy(maps)).indices.tolist()


@pytest.mark.parametrize(("slow", "fast"), EXACT)
@pytest.mark.parametrize("make", [lambda: bumps(0), lambda: bumps(0.05), coarse, spots, degenerate])
def test_quarters_are_equal_to_the_bit(slow, fast, make, where) -> None:
    assert_same(slow, fast, make())


@pytest.mark.parametrize(("slow", "fast"), EXACT)
def test_quarters_of_other_types_and_layouts(slow, fast, where) -> None:
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
def test_quarters_beside_what_is_not_finite(slow, fast, where) -> None:
    heatmaps = spots()[:, ::7].clone()
    flat = heatmaps.flatten(2)
    best = flat.argmax(2, keepdim=True)
    for step, value in ((1, np.nan), (WIDTH, np.inf), (-1, -np.inf), (0, np.nan), (0, np.inf)):
        changed = flat.scatter(2, (best + step).clamp(0, flat.shape[2] - 1), value)
        assert_same(slow, fast, changed.view(heatmaps.shape))


def test_authors_as_they_define_it(where: str) -> None:
    heatmaps = torch.cat((bumps(0.05), coarse()))
    keypoints, scores = HourglassHeatmap(**SIZES).batch_decode(heatmaps)
    for person, points, maxima in zip(heatmaps.numpy(), keypoints, scores, strict=True):
        # Positions run from 0 to the side of the crop; pixel 0's middle lies at 0.5.
        expected = [4 * authors.read_off(heatmap) - 0.5 for heatmap in person]
        np.testing.assert_array_equal(points[0], np.float32(expected))
        np.testing.assert_array_equal(maxima[0], person.max((1, 2)))


@pytest.mark.parametrize(("slow", "fast"), DARK)
@pytest.mark.parametrize("noise", [0, 0.01])
def test_dark_is_near(slow, fast, noise, where) -> None:
    assert_near(slow, fast, bumps(noise), near=NEAR if where == "cpu" else 0.02)


@pytest.mark.parametrize(("slow", "fast"), DARK)
def test_dark_of_clear_peaks_is_nearer(slow, fast, where) -> None:
    heatmaps = bumps(0, images=8)
    clear = heatmaps[(heatmaps.amax((2, 3)) > 0.1)][None]
    assert clear.shape[1] > 40
    assert_near(slow, fast, clear, near=3e-5)


@pytest.mark.parametrize(("slow", "fast"), DARK)
@pytest.mark.parametrize("factor", [5e-3, 1e-9, 500])
def test_dark_where_values_meet_limits(slow, fast, factor, where) -> None:
    heatmaps = bumps(0, images=8)
    clear = heatmaps[(heatmaps.amax((2, 3)) > 0.2)][None]
    assert_near(slow, fast, clear * factor)


@pytest.mark.parametrize(("slow", "fast"), DARK)
def test_dark_at_borders_and_of_noise(slow, fast) -> None:
    """Steps of noise are ill-conditioned: the rounding of MMPose's own is what counts."""
    noise = torch.rand(2, 60, HEIGHT, WIDTH, generator=torch.manual_seed(1))
    for heatmaps in (spots(), noise, (noise - 0.9) * 0.01):
        assert_near(slow, fast, heatmaps)


@pytest.mark.parametrize(("slow", "fast"), DARK)
def test_dark_of_degenerate_heatmaps(slow, fast) -> None:
    for heatmap in degenerate()[0]:  # one at a time: MMPose's UDP looks at others where none is
        with np.errstate(all="ignore"):
            assert_near(slow, fast, heatmap[None, None])


def test_udp_of_negative_heatmaps_stays_beside_others() -> None:
    """MMPose takes the derivatives out of the corner of the heatmap before."""
    heatmaps = torch.rand(1, 2, HEIGHT, WIDTH, generator=torch.manual_seed(0))
    heatmaps[0, 1] = -1
    outside = [-192 / (WIDTH - 1), -256 / (HEIGHT - 1)]
    found = BatchUDPHeatmap(**SIZES).batch_decode(heatmaps)[0][0][0, 1]
    np.testing.assert_allclose(found, outside, rtol=1e-6)
    mmposes = UDPHeatmap(**SIZES).decode(heatmaps[0].numpy())[0][0, 1]
    assert np.abs(mmposes - outside).max() > 1


@pytest.mark.parametrize(("slow", "fast"), EXACT + DARK)
def test_only_coordinates_leave_the_device(slow, fast, monkeypatch) -> None:
    copies: Counter[str] = Counter()
    sizes = []
    monkeypatch.setattr(torch.Tensor, "is_cpu", False, raising=False)
    waits = ("cpu", "item", "tolist", "nonzero", "__bool__", "__float__", "__int__", "__index__")
    for name in waits:
        original = getattr(torch.Tensor, name)

        def counted(tensor: Tensor, *args: Any, name: str = name, original: Any = original) -> Any:
            copies[name] += 1
            sizes.append(tensor.numel())
            return original(tensor, *args)

        monkeypatch.setattr(torch.Tensor, name, counted)
    heatmaps = bumps(0.01)
    fast.batch_decode(heatmaps)
    assert copies == {"cpu": 1}
    assert sizes == [4 * 8 * 3]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("slow", "fast"), EXACT + DARK)
def test_on_a_gpu(slow, fast) -> None:
    heatmaps = bumps(0.01, images=16)
    keypoints, scores = fast.batch_decode(heatmaps.cuda())
    expected, expected_scores = fast.batch_decode(heatmaps)
    np.testing.assert_allclose(keypoints, expected, rtol=0, atol=0.02)
    np.testing.assert_array_equal(scores, expected_scores)


@pytest.mark.parametrize(("slow", "fast"), EXACT + DARK)
def test_heads_decode_batches_so(slow, fast, monkeypatch) -> None:
    heatmaps = bumps(0)
    expected = one_by_one(slow, heatmaps)
    monkeypatch.setattr(type(fast), "decode", None)  # not called
    head = MODELS.build(
        dict(type="HeatmapHead", in_channels=8, out_channels=8, deconv_out_channels=None)
    )
    head.decoder = fast
    for found, keypoints, scores in zip(head.decode(heatmaps), *expected, strict=True):
        np.testing.assert_allclose(found.keypoints, keypoints, rtol=0, atol=5 * NEAR)
        np.testing.assert_array_equal(found.keypoint_scores, scores)


def test_combined_udp_is_left_to_mmpose() -> None:
    combined = BatchUDPHeatmap(**SIZES, heatmap_type="combined")
    assert not combined.support_batch_decoding
    assert BatchUDPHeatmap(**SIZES).support_batch_decoding


@pytest.mark.parametrize("name", ["MSRAHeatmap", "UDPHeatmap"])
def test_are_registered_and_encode_as_mmposes(name: str) -> None:
    slow, fast = (
        KEYPOINT_CODECS.build(dict(type=kind, **SIZES, sigma=2)) for kind in (name, f"Batch{name}")
    )
    keypoints = np.random.default_rng(0).uniform(0, 192, (1, 5, 2)).astype(np.float32)
    for key, value in slow.encode(keypoints).items():
        np.testing.assert_array_equal(fast.encode(keypoints)[key], value)
