"""Bins of the confidence."""

import math

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.evaluation import reliability, score_calibration


def test_a_table_by_hand():
    confidences = np.array([0.85, 0.85, 0.85, 0.85, 0.15, 0.3, 1.0, 1.1, -0.05])
    right = np.array([1, 1, 1, 0, 0, 1, 1, 0, 0], bool)
    bins = reliability(confidences, right)
    assert bins.counts.tolist() == [1, 1, 0, 1, 0, 0, 0, 0, 4, 2]  # 0.3 begins a bin
    assert bins.confidences[8] == pytest.approx(0.85)
    assert bins.right[8] == 0.75
    assert bins.right[9] == 0.5 and bins.confidences[9] == pytest.approx(1.05)
    assert math.isnan(bins.right[2])
    gaps = 4 * 0.10 + 2 * 0.55 + 1 * 0.15 + 1 * 0.7 + 1 * 0.05
    assert bins.error == pytest.approx(100 * gaps / 9)


def test_calibrated_confidences_have_no_error_and_boasting_ones_have():
    rng = np.random.default_rng(0)
    confidences = rng.random(50000)
    right = rng.random(50000) < confidences
    assert reliability(confidences, right).error < 1
    assert reliability(np.sqrt(confidences), right).error == pytest.approx(100 / 6, abs=1)


def test_scores_of_each_keypoint():
    distances = np.array([[0.01, 0.2], [0.01, math.nan], [math.inf, 0.01]])
    confidences = np.array([[0.9, 0.9], [0.9, 0.9], [math.nan, 0.5]])
    scores, bins = score_calibration(confidences, distances, ["a", "b"], 0.05, "of the box")
    assert scores.keypoints["a"] == {
        "labeled": 2, "confidence": pytest.approx(90), "right": 100, "ECE": pytest.approx(10),
    }  # fmt: skip
    assert scores.keypoints["b"]["right"] == 50
    assert bins.counts.sum() == 4  # one has no label, one no prediction
    assert scores.further["right"] == 75
    assert scores.summary["ECE"] == pytest.approx(100 * (3 * abs(0.9 - 2 / 3) + 0.5) / 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(threshold=0), "threshold must be positive"),
        (dict(confidences=np.full((3, 2), np.nan)), "no labeled keypoint has a predicted conf"),
        (dict(confidences=np.ones((3, 1))), r"confidences must have shape \(3, 2\)"),
        (dict(bins=0), "bins must be at least 1"),
    ],
)
def test_bad_input(change, message):
    settings = dict(
        confidences=np.ones((3, 2)), distances=np.zeros((3, 2)), keypoint_names=["a", "b"],
        threshold=0.1, unit="",
    )  # fmt: skip
    with pytest.raises(InputError, match=message):
        score_calibration(**(settings | change))
