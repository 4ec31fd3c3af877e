"""Boxes about points."""

import numpy as np
import pytest

from mmhg.own_points.boxes import made_boxes
from test_own_points.made import face, picture, thing

NONE = (np.nan, np.nan)


def boxes_of(*objects, padding: float = 0.0):
    (boxes,), counts = made_boxes([picture("a.png", *objects)], padding)
    return [box.tolist() for box in boxes], dict(counts)


def test_own_boxes_stay() -> None:
    own = np.array([1.0, 2.0, 90.0, 50.0])  # ends outside
    assert boxes_of(face(30, 20, box=own)) == ([own.tolist()], {"given": 1})


@pytest.mark.parametrize("own", [(5, 5, 5, 30), (90, 5, 99, 30), (1, 2, NONE[0], 4)])
def test_boxes_without_area_are_made(own) -> None:
    boxes, counts = boxes_of(face(30, 20, box=np.array(own, dtype=float)))
    assert (boxes, counts) == ([[20, 14, 40, 28]], {"made": 1})


def test_extent_and_padding() -> None:
    points = [(20, 10), NONE, (40, 30), (30, 18)]
    assert boxes_of(thing(points)) == ([[20, 10, 40, 30]], {"made": 1})
    assert boxes_of(thing(points), padding=0.25) == ([[15, 5, 45, 35]], {"made": 1})
    assert boxes_of(thing(points), padding=1) == ([[0, 0, 60, 50]], {"made": 1})


def test_points_on_a_line_get_a_box_with_an_area() -> None:
    assert boxes_of(thing([(10, 20), (50, 20), (30, 20)])) == ([[10, 15, 50, 25]], {"made": 1})


def test_a_single_point() -> None:
    one = thing([(30, 20), NONE, NONE])
    boxes, counts = boxes_of(one, face(30, 20), thing([(10, 10), (40, 20), NONE]))
    assert boxes[0] == [30 - 12.5, 20 - 12.5, 30 + 12.5, 20 + 12.5]  # 20 and 30 px: the median
    assert counts == {"of one point": 1, "made": 2}
    assert boxes_of(one) == ([[0, 0, 80, 60]], {"whole image": 1})
    assert boxes_of(thing([(90, 70), (99, 80)])) == ([[0, 0, 80, 60]], {"whole image": 1})
