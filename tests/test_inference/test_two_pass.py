"""A second look at what the first has found."""

from typing import Any

import numpy as np
import pytest

from mmhg.inference import TwoPass

IMAGE = np.zeros((120, 160, 3), np.uint8)


class Recorder:
    """Answer with made keypoints, and keep the boxes that were asked for."""

    def __init__(self, scores: tuple[float, ...]) -> None:
        self.scores = scores
        self.asked: list[Any] = []

    def __call__(self, images: Any, boxes: Any = None) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(boxes)
        number = len(images) if boxes is None else sum(len(one) for one in boxes)
        keypoints = np.tile([[10.0, 30.0], [50.0, 20.0], [90.0, 110.0]], (number, 1, 1))
        return keypoints + len(self.asked), np.tile(self.scores, (number, 1))


def test_crops_about_the_keypoints_that_the_network_is_sure_of() -> None:
    predict = Recorder((0.9, 0.2, 0.1))
    keypoints, _ = TwoPass(predict)(IMAGE)
    first, second = predict.asked
    assert first is None
    np.testing.assert_array_equal(second, [[[11, 21, 51, 31]]])
    np.testing.assert_array_equal(keypoints[0, 0], [12, 32])


@pytest.mark.parametrize("scores", [(0.1, 0.1, 0.1), (0.9, 0.1, 0.1)])
def test_looks_at_all_again_where_nothing_has_an_extent(scores: tuple[float, ...]) -> None:
    predict = Recorder(scores)
    TwoPass(predict)([IMAGE])
    np.testing.assert_array_equal(predict.asked[1], [[[0, 0, 160, 120]]])


def test_given_boxes_stay_and_are_looked_at_once() -> None:
    predict = Recorder((0.9, 0.9, 0.9))
    box = [[1, 2, 3, 4]]
    TwoPass(predict)([IMAGE, IMAGE], [box, box])
    assert predict.asked == [[box, box]]
    TwoPass(predict)([IMAGE, IMAGE], [box, None])
    assert predict.asked[1] is None
    np.testing.assert_array_equal(predict.asked[2], [box, [[12, 22, 92, 112]]])
