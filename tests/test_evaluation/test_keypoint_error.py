"""Errors in px and mm, by hand."""

import math

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.evaluation import lengths, offsets, score_error

NAMES = ["nose", "ear"]
TRUTH = np.array([[[10.0, 10.0], [20.0, 20.0]], [[30.0, 30.0], [40.0, 40.0]]])
LABELED = np.array([[True, True], [True, False]])
PREDICTED = TRUTH + np.array([[[3.0, 4.0], [0.0, 0.0]], [[-6.0, 8.0], [500.0, 0.0]]])


def test_mean_median_rmse_and_percentile_by_hand():
    scores = score_error(offsets(PREDICTED, TRUTH, LABELED), NAMES)
    assert scores.summary == {
        "mean_px": pytest.approx(5.0),  # 5, 0 and 10; the fourth has no label
        "median_px": pytest.approx(5.0),
        "RMSE_px": pytest.approx(math.sqrt(125 / 3)),
        "p95_px": pytest.approx(9.5),
    }
    assert scores.keypoints["nose"] == {
        "labeled": 2,
        "missed": 0,
        "mean": 7.5,
        "median": 7.5,
        "RMSE": pytest.approx(math.sqrt(62.5)),
        "95 %": pytest.approx(9.75),
        "x": -1.5,
        "y": 6.0,
    }
    assert scores.people == 2


def test_units_of_the_data_of_all_and_of_each_image():
    found = offsets(PREDICTED, TRUTH, LABELED)
    assert score_error(found, NAMES, 0.1).summary["mean_mm"] == pytest.approx(0.5)
    of_each = score_error(found, NAMES, np.array([1.0, 0.1]), "um")
    assert of_each.summary["mean_um"] == pytest.approx(2.0)  # 5, 0 and 1
    assert of_each.measure == "error in um"
    for wrong in (0.0, -1.0, math.nan, np.array([1.0, 0.0])):
        with pytest.raises(InputError, match="pixel_size must be a positive number"):
            score_error(found, NAMES, wrong)
    with pytest.raises(InputError, match=r"pixel_size must be one number, or \(2,\)"):
        score_error(found, NAMES, np.ones(3))


def test_a_missed_keypoint_is_counted_and_in_no_mean():
    predicted = PREDICTED.copy()
    predicted[0, 0] = np.nan
    found = offsets(predicted, TRUTH, LABELED)
    assert lengths(found)[0, 0] == math.inf
    scores = score_error(found, NAMES)
    assert scores.further == {"missed": 1}
    assert scores.keypoints["nose"]["missed"] == 1
    assert scores.summary["mean_px"] == 5.0  # 0 and 10
    nothing = score_error(offsets(TRUTH, TRUTH, np.zeros((2, 2), bool)), NAMES)
    assert math.isnan(nothing.summary["mean_px"])
    assert nothing.to_json()["mean_px"] is None


def test_shapes_and_labels_are_checked():
    with pytest.raises(InputError, match=r"predictions must have shape \(2, 2, 2\), got \(2, 1,"):
        offsets(PREDICTED[:, :1], TRUTH, LABELED)
    with pytest.raises(InputError, match="label of keypoint 1 of person 0 is not finite"):
        offsets(PREDICTED, np.where(TRUTH == 20, np.inf, TRUTH), LABELED)
    with pytest.raises(InputError, match="of 3 keypoints for these names"):
        score_error(offsets(PREDICTED, TRUTH, LABELED), [*NAMES, "tail"])


def test_the_table_names_all():
    text = score_error(offsets(PREDICTED, TRUTH, LABELED), NAMES).table()
    assert text.splitlines()[0] == "error in px, 2 people"
    (nose,) = [line.split() for line in text.splitlines() if line.startswith("nose")]
    assert nose == ["nose", "2", "0", "7.50", "7.50", "7.91", "9.75", "-1.50", "6.00"]
