"""The authors' codec: what it takes and gives; `test_fidelity` holds it to their definitions."""

import numpy as np
import pytest
from mmpose.registry import KEYPOINT_CODECS

from mmhg.codecs import HourglassHeatmap
from mmhg.errors import InputError

SIZES = dict(input_size=(192, 256), heatmap_size=(48, 64))


def test_is_registered() -> None:
    codec = KEYPOINT_CODECS.build(dict(type="HourglassHeatmap", **SIZES))
    assert isinstance(codec, HourglassHeatmap)
    assert (codec.sigma, codec.patch_size) == (1, 7)


def test_width_and_height_are_kept_apart() -> None:
    codec = HourglassHeatmap(**SIZES)
    encoded = codec.encode(np.array([[[33.5, 201.5]]]))
    assert encoded["heatmaps"].shape == (1, 64, 48)
    assert encoded["heatmaps"].dtype == encoded["keypoint_weights"].dtype == np.float32
    assert np.unravel_index(encoded["heatmaps"][0].argmax(), (64, 48)) == (50, 8)
    keypoints, scores = codec.decode(encoded["heatmaps"])
    assert keypoints.tolist() == [[[33.5, 201.5]]]
    assert scores.tolist() == [[1]]


def test_sigma_and_patch_size() -> None:
    codec = HourglassHeatmap(**SIZES, sigma=2, patch_size=9)
    row = codec.encode(np.array([[[81.5, 81.5]]]))["heatmaps"][0, 20]
    expected = np.exp(-(np.arange(-4, 5) ** 2) / 8)
    np.testing.assert_allclose(row[16:25], expected, rtol=1e-6)
    assert row[:16].any() == row[25:].any() == False  # noqa: E712


def test_weights_follow_annotation_and_place() -> None:
    codec = HourglassHeatmap(**SIZES)
    joints = np.array([[[50.0, 50.0], [50.0, 50.0], [-11.0, 50.0], [-20.0, 50.0], [50.0, 400.0]]])
    encoded = codec.encode(joints, np.array([[1.0, 0.0, 1.0, 1.0, 1.0]]))
    assert encoded["keypoint_weights"].tolist() == [[1, 0, 1, 0, 0]]
    assert (encoded["heatmaps"].max(axis=(1, 2)) > 0).tolist() == [True, False, True, False, False]


@pytest.mark.parametrize("sigma", [0, -1, float("nan")])
def test_sigma_must_be_positive(sigma: float) -> None:
    with pytest.raises(InputError, match="sigma must be positive"):
        HourglassHeatmap(**SIZES, sigma=sigma)


@pytest.mark.parametrize("size", [0, 6])
def test_patch_must_have_a_middle(size: int) -> None:
    with pytest.raises(InputError, match=f"patch_size must be odd, got {size}"):
        HourglassHeatmap(**SIZES, patch_size=size)


def test_one_person_at_a_time() -> None:
    with pytest.raises(InputError, match="one person at a time, got 2"):
        HourglassHeatmap(**SIZES).encode(np.zeros((2, 3, 2)))
