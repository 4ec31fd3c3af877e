"""Pictures with sides that OpenCV does not take give the same crops as smaller ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmhg.pictures import warp, warp_affine

PICTURE = cv2.resize(
    np.random.default_rng(0).integers(0, 256, (20, 60, 3), np.uint8), (600, 200), interpolation=2
)


@pytest.mark.parametrize("limit", [30, 90, 300])
@pytest.mark.parametrize("angle", [0, 30, 200])
@pytest.mark.parametrize("zoom", [0.1, 0.37, 2.0])
def test_parts_equal_the_whole(
    limit: int, angle: float, zoom: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = cv2.getRotationMatrix2D((410.0, 90.0), angle, zoom)
    matrix[:, 2] += np.array([32, 24]) - [410, 90]
    expected = cv2.warpAffine(PICTURE, matrix, (64, 48))
    monkeypatch.setattr(warp, "LONGEST_SIDE", limit)
    found = warp_affine(PICTURE, matrix, (64, 48))
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 2
    assert found.std() > 10


def test_outside_of_the_picture_is_black(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warp, "LONGEST_SIDE", 30)
    away = np.array([[1.0, 0, 5000], [0, 1, 0]])
    assert not warp_affine(PICTURE[..., 0], away, (8, 6)).any()


def test_a_side_of_a_million() -> None:
    line = np.full((1, 1_000_000), 200, np.uint8)
    found = warp_affine(line, np.array([[64 / 1e6, 0, 0], [0, 1, 1.0]]), (64, 3))
    assert found.tolist() == [[0] * 64, [200] * 64, [0] * 64]
    wide = np.zeros((100, 32_767, 3), np.uint8)
    wide[40:60, 30_000:30_020] = 255
    found = warp_affine(wide, np.array([[1.0, 0, -29_990], [0, 1, -30]]), (40, 40))
    assert np.argwhere(found[..., 0]).min(axis=0).tolist() == [10, 10]
    assert np.argwhere(found[..., 0]).max(axis=0).tolist() == [29, 29]
