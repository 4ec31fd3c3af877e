"""NME, failure rate and AUC, by hand and against MMPose's."""

import math

import numpy as np
import pytest
from mmpose.evaluation.functional import keypoint_nme

from mmhg.errors import InputError
from mmhg.evaluation import lengths, offsets, score_nme
from mmhg.evaluation.normalized_error import person_errors

NAMES = ["a", "b"]
DISTANCES = np.array([[0.02, 0.04], [0.2, np.nan], [np.nan, np.nan], [0.05, 0.15]])


def test_by_hand():
    scores = score_nme(DISTANCES, NAMES, "box")
    assert scores.summary["NME"] == pytest.approx(100 * (0.02 + 0.04 + 0.2 + 0.05 + 0.15) / 5)
    assert scores.keypoints["b"] == {"labeled": 2, "NME": pytest.approx(9.5)}
    # Means of faces 0.03, 0.2 and 0.1: a face at the threshold is no failure.
    assert scores.summary["failure_rate"] == pytest.approx(100 / 3)
    assert scores.further["AUC@0.1"] == pytest.approx(100 * (0.7 + 0 + 0) / 3)
    assert score_nme(DISTANCES, NAMES, "box", 0.02).summary["failure_rate"] == 100


def test_the_area_is_that_under_the_cumulative_curve():
    distances = np.random.default_rng(0).gamma(2.0, 0.03, (500, 1))
    errors = np.sort(distances[:, 0])
    grid = np.linspace(0, 0.1, 20001)
    share = np.searchsorted(errors, grid, side="right") / 500
    area = 100 * float((share[1:] + share[:-1]).mean() / 2)
    assert score_nme(distances, ["a"], "box").further["AUC@0.1"] == pytest.approx(area, abs=0.01)


def test_agrees_with_mmpose():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 100, (20, 5, 2))
    predicted = truth + rng.normal(0, 3, truth.shape)
    labeled = rng.random((20, 5)) < 0.8
    units = rng.uniform(20, 40, 20)
    distances = lengths(offsets(predicted, truth, labeled)) / units[:, None]
    theirs = keypoint_nme(predicted, truth, labeled, np.tile(units[:, None], 2))
    assert score_nme(distances, list("abcde"), "box").summary["NME"] == pytest.approx(100 * theirs)


def test_a_missed_keypoint_makes_a_failure():
    distances = np.array([[0.01, math.inf], [0.01, 0.01]])
    scores = score_nme(distances, NAMES, "box")
    assert scores.summary == {"NME": pytest.approx(1.0), "failure_rate": 50.0}
    assert person_errors(distances).tolist() == [math.inf, 0.01]
    with pytest.raises(InputError, match="threshold must be positive, got 0"):
        score_nme(distances, NAMES, "box", 0.0)
