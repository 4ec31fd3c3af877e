"""Drawing and reading of heatmaps, by the authors' rule."""

import numpy as np
import pytest
import torch

from mmhg.codecs import HourglassHeatmap
from mmhg.nn import decode_heatmaps, draw_targets
from mmhg.nn.heatmaps import find_peaks, quarter_offsets


@pytest.fixture
def codec() -> HourglassHeatmap:
    return HourglassHeatmap(input_size=(48, 64), heatmap_size=(12, 16))


def test_peaks_and_quarter() -> None:
    maps = np.zeros((3, 4, 5), np.float32)
    maps[0, 1, 2], maps[0, 1, 3], maps[0, 0, 2] = 3, 1, 2
    maps[1, 2, 1] = maps[1, 3, 4] = 1  # the first counts
    maps[2, 2, 3] = np.nan
    peaks = find_peaks(maps)
    assert peaks.positions.tolist() == [[2, 1], [1, 2], [3, 2]]
    assert peaks.values[:2].tolist() == [3, 1]
    assert np.isnan(peaks.values[2])
    assert peaks.slopes[:2].tolist() == [[1, -2], [0, 0]]
    offsets = quarter_offsets(peaks, np.array([[True], [True], [False]]))
    assert offsets.tolist() == [[0.25, -0.25], [0, 0], [0, 0]]
    offsets = quarter_offsets(peaks, np.array([[False, True]] * 3))
    assert offsets[0].tolist() == [0, -0.25]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_reading_is_the_codecs(codec: HourglassHeatmap, dtype: torch.dtype) -> None:
    heatmaps = torch.randn(3, 7, 16, 12, generator=torch.Generator().manual_seed(0)).to(dtype)
    heatmaps[0, 0, 0, 5] = heatmaps[0, 1, 7, 11] = heatmaps[0, 2, 3, 3] = 9  # two on the border
    keypoints, scores = decode_heatmaps(heatmaps)
    for person in range(3):
        wanted, maxima = codec.decode(heatmaps[person].float().numpy())
        np.testing.assert_array_equal(keypoints[person], wanted[0])
        np.testing.assert_array_equal(scores[person], maxima[0])


def test_stride() -> None:
    heatmaps = torch.zeros(1, 1, 8, 8)
    heatmaps[0, 0, 2, 3], heatmaps[0, 0, 2, 4] = 2, 1
    keypoints, scores = decode_heatmaps(heatmaps, stride=8)
    assert keypoints.tolist() == [[[(3.25 + 0.5) * 8 - 0.5, (2 + 0.5) * 8 - 0.5]]]
    assert scores.tolist() == [[2]]


@pytest.mark.parametrize("settings", [{}, dict(sigma=1.75, patch_size=5)])
def test_targets_are_the_codecs(settings: dict) -> None:
    codec = HourglassHeatmap(input_size=(48, 64), heatmap_size=(12, 16), **settings)
    keypoints = torch.rand(2, 9, 2, generator=torch.Generator().manual_seed(0)) * 90 - 20
    annotated = torch.arange(18).reshape(2, 9) % 4 > 0
    targets = draw_targets(keypoints, (12, 16), annotated=annotated, **settings)
    assert targets.dtype == torch.float32
    for person in range(2):
        encoded = codec.encode(keypoints[person, None].numpy(), annotated[person, None].numpy())
        np.testing.assert_allclose(targets[person], encoded["heatmaps"], rtol=0, atol=1e-7)
    assert targets[annotated].amax((-1, -2)).max() == 1


def test_what_was_drawn_is_read_within_half_a_heatmap_pixel() -> None:
    keypoints = 6 + torch.rand(4, 16, 2) * 50
    found, scores = decode_heatmaps(draw_targets(keypoints, (16, 16)))
    assert (found - keypoints).abs().max() <= 2
    assert (scores == 1).all()
