"""Check that heatmaps lie where their codec places them."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpose.registry import KEYPOINT_CODECS

from mmhg.visualization.heatmaps import heatmap_placement, lay_over

SIZES = dict(input_size=(128, 192), heatmap_size=(32, 48))


@pytest.mark.parametrize(
    ("codec", "scale", "offset"),
    [
        (dict(type="HourglassHeatmap"), (4, 4), 1.5),
        (dict(type="MSRAHeatmap", sigma=2), (4, 4), 0),
        (dict(type="MSRAHeatmap", sigma=2, unbiased=True), (4, 4), 0),
        (dict(type="UDPHeatmap", sigma=2), (128 / 31, 192 / 47), 0),
    ],
)
def test_placement_is_the_codecs(codec: dict, scale: tuple, offset: float) -> None:
    init_default_scope("mmpose")
    found = heatmap_placement(KEYPOINT_CODECS.build({**codec, **SIZES}), 32, 48)
    np.testing.assert_allclose(found[0], scale, atol=1e-3)
    np.testing.assert_allclose(found[1], offset, atol=1e-2)


def test_the_brightest_spot_is_where_the_heatmap_is_highest() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, :, 2] = 200  # red, of which gray is left
    heatmap = np.zeros((16, 16))
    heatmap[5, 9] = 0.5
    scale, offset = np.array([4.0, 4.0]), np.array([1.0, 2.0])
    picture = lay_over(image, heatmap, scale, offset, highest=0.5)
    y, x = np.unravel_index(picture.sum(2).argmax(), (64, 64))
    assert (x, y) == (9 * 4 + 1, 5 * 4 + 2)
    corner = picture[60, 5]
    assert corner[0] == corner[1] == corner[2]
    assert 0 < corner[0] < 60
    half = lay_over(image, heatmap, scale, offset, highest=1.0)
    assert half[y, x].sum() < picture[y, x].sum()


def test_negative_and_empty_heatmaps_leave_the_picture() -> None:
    image = np.full((64, 64, 3), 100, np.uint8)
    for value in (0.0, -3.0):
        picture = lay_over(image, np.full((16, 16), value), np.full(2, 4.0), np.zeros(2), value)
        assert (picture == picture[0, 0, 0]).all()
