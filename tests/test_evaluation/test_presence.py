"""Presence of joints by mean heatmap activation."""

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.evaluation.presence import precision_recall, presence_scores


def test_score_is_the_mean_activation() -> None:
    heatmaps = np.zeros((2, 3, 4, 8), dtype=np.float32)
    heatmaps[1, 2, 0, :4] = 0.8
    expected = np.zeros((2, 3))
    expected[1, 2] = 0.8 * 4 / 32
    np.testing.assert_allclose(presence_scores(heatmaps), expected, rtol=1e-6)


def test_curve_by_hand() -> None:
    """Compute the curve of scores 5 4 3 2 1, of which 5, 3 and 2 are present."""
    curve = precision_recall(
        np.array([3.0, 1.0, 5.0, 2.0, 4.0]), np.array([True, False, True, True, False])
    )
    np.testing.assert_array_equal(curve.thresholds, [5, 4, 3, 2, 1])
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3, 3 / 4, 3 / 5])
    np.testing.assert_allclose(curve.recall, [1 / 3, 1 / 3, 2 / 3, 1, 1])
    assert curve.area == pytest.approx(100 * (1 + 2 / 3 + 3 / 4) / 3)


def test_equal_scores_are_one_threshold() -> None:
    """Count equal scores together, in any order, so that ties do not favor the network."""
    present = np.array([True, False, False, True])
    for flags in (present, present[::-1]):
        curve = precision_recall(np.full(4, 0.5), flags)
        assert curve.thresholds.tolist() == [0.5]
        assert (curve.precision.tolist(), curve.recall.tolist()) == ([0.5], [1.0])
        assert curve.area == 50


def test_perfect_and_senseless_scores() -> None:
    rng = np.random.default_rng(0)
    present = rng.random(20_000) < 0.84
    assert precision_recall(present + rng.random(20_000) / 2, present).area == 100
    assert precision_recall(rng.random(20_000), present).area == pytest.approx(84, abs=1.5)


@pytest.mark.parametrize(
    ("scores", "present", "message"),
    [
        ([1.0], [True, False], r"of one shape \(N,\), got \(1,\) and \(2,\)"),
        ([np.nan], [True], "must be finite"),
        ([1.0, 2.0], [False, False], "none of 2 joints is present"),
    ],
)
def test_bad_input(scores: list[float], present: list[bool], message: str) -> None:
    with pytest.raises(InputError, match=message):
        precision_recall(np.array(scores), np.array(present))
