"""SDR: thresholds are inclusive, misses are none."""

import math

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.evaluation import score_success


def test_by_hand():
    distances = np.array([[2.0, 2.4, math.nan], [2.01, math.inf, 3.9]])
    scores = score_success(distances, ["S", "N", "Go"])
    assert scores.summary == {
        "SDR@2mm": pytest.approx(20),
        "SDR@2.5mm": pytest.approx(60),
        "SDR@3mm": pytest.approx(60),
        "SDR@4mm": pytest.approx(80),
    }
    assert scores.keypoints["S"] == {
        "labeled": 2, "SDR@2mm": 50, "SDR@2.5mm": 100, "SDR@3mm": 100, "SDR@4mm": 100,
    }  # fmt: skip
    assert scores.keypoints["N"]["SDR@4mm"] == 50
    assert scores.keypoints["Go"]["labeled"] == 1
    assert list(score_success(distances, ["S", "N", "Go"], [10], "um").summary) == ["SDR@10um"]
    for wrong in ([], [0.0], [2, -1]):
        with pytest.raises(InputError, match="thresholds must be positive"):
            score_success(distances, ["S", "N", "Go"], wrong)
