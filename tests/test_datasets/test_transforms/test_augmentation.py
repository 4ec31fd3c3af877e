"""The laws of the training augmentation."""

import numpy as np
import pytest
from mmpose.registry import TRANSFORMS
from scipy import stats

from mmhg.datasets import RandomChannelGain, RandomScaleRotation, ScaleBox, WholeImageBox


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(0)


def draw(transform, count=20000):
    """Draw factors and angles of many boxes."""
    results = transform({"bbox_scale": np.full((count, 2), 100.0)})
    assert (results["bbox_scale"][:, 0] == results["bbox_scale"][:, 1]).all()
    assert results["bbox_rotation"].shape == (count,)
    return results["bbox_scale"][:, 0] / 100, results["bbox_rotation"]


def test_are_registered():
    for cls in (RandomChannelGain, RandomScaleRotation, ScaleBox, WholeImageBox):
        assert TRANSFORMS.get(cls.__name__) is cls


def test_law_of_the_paper():
    factors, angles = draw(RandomScaleRotation(law="paper"))
    assert stats.kstest(factors, stats.uniform(0.75, 0.5).cdf).pvalue > 0.01
    assert stats.kstest(angles, stats.uniform(-30, 60).cdf).pvalue > 0.01
    assert abs(np.corrcoef(factors, angles)[0, 1]) < 0.03
    assert factors.min() == pytest.approx(RandomScaleRotation().smallest_factor, abs=1e-3)


def test_law_of_the_released_code():
    factors, angles = draw(RandomScaleRotation(law="released"))
    octaves = np.log2(factors)
    assert abs(octaves).max() == pytest.approx(0.5)
    assert factors.min() == pytest.approx(RandomScaleRotation("released").smallest_factor)
    inside = abs(octaves) < 0.4999
    assert inside.mean() == pytest.approx(0.9545, abs=0.01)  # of a normal law, within 2 sigma
    within_two_sigma = stats.truncnorm(-2, 2, scale=0.25).cdf
    assert stats.kstest(octaves[inside], within_two_sigma).pvalue > 0.01

    rotated = angles[angles != 0]
    assert len(rotated) / len(angles) == pytest.approx(0.4, abs=0.01)
    assert abs(rotated).max() == pytest.approx(60)
    inside = rotated[abs(rotated) < 59.99]
    assert stats.kstest(inside, stats.truncnorm(-2, 2, scale=30).cdf).pvalue > 0.01


def test_explicit_widths():
    factors, angles = draw(
        RandomScaleRotation(law="paper", scale=0.1, rotation=10, rotation_prob=0.5)
    )
    assert factors.min() >= 0.9
    assert factors.max() <= 1.1
    assert abs(angles).max() <= 10
    assert (angles == 0).mean() == pytest.approx(0.5, abs=0.02)


def test_seed_decides():
    transform = RandomScaleRotation(law="released")
    np.random.seed(3)
    first = draw(transform, 5)
    np.random.seed(3)
    np.testing.assert_array_equal(first, draw(transform, 5))


@pytest.mark.parametrize(
    "settings",
    [
        {"law": "uniform"},
        {"scale": -0.1},
        {"scale": 1.0},
        {"rotation": -1},
        {"rotation_prob": 1.5},
    ],
)
def test_impossible_laws(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        RandomScaleRotation(**settings)


def test_crop_turns_about_the_center():
    """Rotate by 90 degrees: a point right of the center moves above or below it."""
    results = {
        "img": np.zeros((100, 100, 3), np.uint8),
        "bbox_center": np.array([[50.0, 50.0]]),
        "bbox_scale": np.array([[64.0, 64.0]]),
        "bbox_rotation": np.array([90.0]),
        "keypoints": np.array([[[60.0, 50.0]]], np.float32),
    }
    affine = TRANSFORMS.build({"type": "TopdownAffine", "input_size": (64, 64)})
    x, y = affine(results)["transformed_keypoints"][0, 0]
    assert x == pytest.approx(32, abs=1e-3)
    assert abs(y - 32) == pytest.approx(10, abs=1e-3)


def test_channel_gains():
    image = np.full((2, 3, 3), (10, 100, 200), np.uint8)
    gains = []
    for _ in range(2000):
        pixels = RandomChannelGain(low=0.6, high=1.4)({"img": image})["img"]
        assert pixels.dtype == np.uint8
        assert (pixels == pixels[0, 0]).all()
        gains.append(pixels[0, 0].astype(float))
    gains = np.array(gains)
    assert gains[:, 2].max() == 255  # 200 x 1.4, clipped
    low, high = gains[:, 1].min(), gains[:, 1].max()
    assert (low, high) == (60, 140)
    assert abs(np.corrcoef(gains.T) - np.eye(3)).max() < 0.08  # each channel has its own
    assert stats.kstest(gains[:, 1] / 100, stats.uniform(0.6, 0.8).cdf).statistic < 0.04


def test_channel_gain_of_floats_equals_that_of_bytes():
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    results = []
    for dtype in (np.uint8, np.float32):
        np.random.seed(5)
        results.append(RandomChannelGain()({"img": image.astype(dtype)})["img"])
    assert results[1].dtype == np.float32
    assert results[1].max() <= 255
    np.testing.assert_array_equal(results[0], np.rint(results[1]).astype(np.uint8))


@pytest.mark.parametrize("settings", [{"low": -0.1}, {"low": 2.0, "high": 1.0}])
def test_impossible_gains(settings):
    with pytest.raises(ValueError, match="low"):
        RandomChannelGain(**settings)


def test_a_box_is_scaled_and_nothing_else():
    given = {"bbox_scale": np.array([[100.0, 80.0]]), "bbox_center": np.array([[5.0, 6.0]])}
    found = ScaleBox(1.25)(given)
    assert found["bbox_scale"].tolist() == [[125.0, 100.0]]
    assert found["bbox_center"].tolist() == [[5.0, 6.0]]
    with pytest.raises(ValueError, match="factor must be positive, got 0"):
        ScaleBox(0)


def test_the_box_of_the_whole_image_ends_at_the_borders_of_its_pixels():
    assert WholeImageBox()({"img_shape": (48, 64)})["bbox"].tolist() == [[-0.5, -0.5, 63.5, 47.5]]
