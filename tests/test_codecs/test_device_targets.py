"""Targets drawn on the device are those that the codecs draw one by one."""

from typing import Any

import numpy as np
import pytest
import torch
from mmpose.registry import KEYPOINT_CODECS

from mmhg.codecs.device_targets import device_targets, has_device_targets

SIZES = dict(input_size=(256, 256), heatmap_size=(64, 64))
EXACT = [
    dict(type="HourglassHeatmap", sigma=1),
    dict(type="HourglassHeatmap", sigma=1.75, patch_size=9),
    dict(type="MSRAHeatmap", sigma=1),
    dict(type="MSRAHeatmap", sigma=2.0),
    dict(type="MSRAHeatmap", sigma=1.5),
    dict(type="BatchMSRAHeatmap", sigma=2),
]
CLOSE = [
    dict(type="MSRAHeatmap", sigma=2, unbiased=True),
    dict(type="UDPHeatmap", sigma=2),
    dict(type="UDPHeatmap", sigma=1.5),
    dict(type="BatchUDPHeatmap", sigma=2),
]
SHAPES = [
    SIZES,
    dict(input_size=(192, 256), heatmap_size=(48, 64)),
    dict(input_size=(50, 30), heatmap_size=(11, 9)),
]


def joints(size: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """People (N, 1, K, 2) in input px, in and far out of the input, and how visible (N, 1, K)."""
    rng = np.random.default_rng(seed)
    sides = np.array(size)
    scattered = rng.uniform(-0.6, 1.6, (6, 1, 40, 2)) * sides
    borders = rng.choice([-1.0, 0.0, 1.0], (6, 1, 40, 2)) * rng.uniform(0, 45, (6, 1, 40, 2))
    borders += rng.integers(0, 2, borders.shape) * sides
    whole = np.round(scattered)
    # By less than HourglassHeatmap forgives short of the next heatmap pixel, if that is 4 px.
    short = rng.integers(0, 20, (6, 1, 10, 2)) * 4 - 0.5 - 2e-4
    far = np.array([[1e9, 5.0], [-1e9, 5.0], [5.0, -1e9], [5.0, 1e9]])
    far = np.broadcast_to(far[None, None], (6, 1, 4, 2))
    points = np.concatenate((scattered, borders, whole, short, far), axis=2).astype(np.float32)
    visible = rng.choice([0, 0.3, 0.5, 0.8, 1, 1, 1], points.shape[:3]).astype(np.float32)
    return points, visible


def both(settings: dict[str, Any], seed: int = 0) -> tuple[np.ndarray, ...]:
    """Heatmaps and weights, drawn at once and one by one."""
    codec = KEYPOINT_CODECS.build(settings)
    points, visible = joints(settings["input_size"], seed)
    heatmaps, weights = device_targets(settings)(
        torch.from_numpy(points[:, 0]), torch.from_numpy(visible[:, 0])
    )
    assert heatmaps.dtype == weights.dtype == torch.float32
    one_by_one = [codec.encode(*person) for person in zip(points, visible, strict=True)]
    expected = np.stack([encoded["heatmaps"] for encoded in one_by_one])
    expected_weights = np.concatenate([encoded["keypoint_weights"] for encoded in one_by_one])
    return heatmaps.numpy(), weights.numpy(), expected, expected_weights


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("codec", EXACT)
def test_equal_to_the_codec_bit_for_bit(codec: dict, shape: dict) -> None:
    heatmaps, weights, expected, expected_weights = both({**codec, **shape})
    assert expected.any((2, 3)).mean() > 0.2
    np.testing.assert_array_equal(heatmaps, expected)
    np.testing.assert_array_equal(weights, expected_weights)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("codec", CLOSE)
def test_equal_to_the_codec_up_to_rounding(codec: dict, shape: dict) -> None:
    heatmaps, weights, expected, expected_weights = both({**codec, **shape}, seed=1)
    assert expected.any((2, 3)).mean() > 0.2
    np.testing.assert_allclose(heatmaps, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(heatmaps > 1e-6, expected > 1e-6)
    np.testing.assert_array_equal(weights, expected_weights)


def test_a_patch_larger_than_the_heatmap() -> None:
    shape = dict(input_size=(32, 20), heatmap_size=(8, 5))
    for codec in (dict(type="MSRAHeatmap", sigma=2), dict(type="HourglassHeatmap", patch_size=21)):
        heatmaps, _, expected, _ = both({**codec, **shape})
        np.testing.assert_array_equal(heatmaps, expected)


def test_nothing_leaves_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("a tensor was moved to the host")

    points, visible = (torch.from_numpy(array[:, 0]) for array in joints((256, 256), 0))
    for codec in (*EXACT, *CLOSE):
        draw = device_targets({**codec, **SIZES})
        with monkeypatch.context() as patches:
            for name in ("item", "cpu", "numpy", "__bool__", "__float__", "__int__", "tolist"):
                patches.setattr(torch.Tensor, name, forbidden)
            draw(points, visible)


@pytest.mark.parametrize(
    "settings",
    [
        dict(type="UDPHeatmap", heatmap_type="combined"),
        dict(type="IntegralRegressionLabel", sigma=2.0),
    ],
)
def test_a_codec_without_device_targets_is_refused(settings: dict) -> None:
    settings = {**settings, **SIZES}
    assert not has_device_targets(settings)
    with pytest.raises(ValueError, match=r"HourglassHeatmap, MSRAHeatmap and UDPHeatmap.*Generate"):
        device_targets(settings)


def test_a_codec_that_encodes_otherwise_has_none() -> None:
    class Other(type(KEYPOINT_CODECS.build(dict(type="MSRAHeatmap", sigma=1, **SIZES)))):
        def encode(self, *args: Any, **kwargs: Any) -> dict:
            return {}

    assert not has_device_targets(dict(type=Other, sigma=1, **SIZES))
