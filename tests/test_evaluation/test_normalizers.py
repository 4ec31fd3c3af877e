"""Lengths that errors are divided by."""

import math

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.evaluation import normalizing_lengths
from mmhg.evaluation.normalizers import extents

NAMES = ["left_eye", "right_eye", "left_mouth", "right_mouth"]
POINTS = np.array([[[0, 0], [6, 8], [0, 10], [6, 18]], [[0, 0], [1, 0], [0, 2], [1, 2]]], float)
LABELED = np.ones((2, 4), bool)
BOXES = np.array([[0, 0, 4, 9], [10, 10, 13, 14]], float)


def measure(name, labeled=LABELED, **more):
    return normalizing_lengths(
        name, ground_truth=POINTS, annotated=labeled, keypoint_names=NAMES, **more
    ).tolist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("box", [6, math.sqrt(12)]),
        ("longer_side", [9, 4]),
        ("diagonal", [math.sqrt(97), 5]),
        ("left_eye,right_eye", [10, 1]),
        ("left_eye, right_eye", [10, 1]),
        ("left_eye+right_eye,left_mouth+right_mouth", [10, 2]),
        ("50", [50, 50]),
        ("torso", [7, 8]),
    ],
)
def test_lengths(name, expected):
    found = measure(name, boxes=BOXES, sizes={"torso": np.array([7.0, 8.0])})
    assert found == pytest.approx(expected)


def test_who_lacks_a_keypoint_has_no_length():
    labeled = LABELED.copy()
    labeled[0, 1] = False
    found = measure("left_eye,right_eye", labeled)
    assert math.isnan(found[0]) and found[1] == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("left_eye,nose", "there is no keypoint 'nose'. There are left_eye, right_eye"),
        ("eyes", "normalize must be box, longer_side, diagonal, a number of px, or two keypoints"),
        ("0", "positive number of px, got 0"),
        ("nan", "positive number of px, got nan"),
        ("box", "needs boxes, which this data does not have"),
    ],
)
def test_what_there_is_not_is_refused(name, message):
    with pytest.raises(InputError, match=message):
        measure(name)


def test_extents_are_of_labels_alone():
    labeled = LABELED.copy()
    labeled[0, 3] = labeled[1] = False
    found = extents(POINTS, labeled)
    assert found[0].tolist() == [0, 0, 6, 10]
    assert np.isnan(found[1]).all()
