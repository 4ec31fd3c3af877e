"""Which detector is meant, and which of its boxes are people's."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhg import Predictor
from mmhg.errors import InputError
from mmhg.inference import PersonDetector
from mmhg.inference.detectors.person_detector import people

from ..conftest import Trained
from .networks import picture, write_detector

BOX = (60, 20, 100, 96)


def test_the_predictor_takes_a_detectors_boxes(trained: Trained, tmp_path: Path) -> None:
    find = PersonDetector(write_detector(tmp_path / "yolox.ONNX", "yolox"))
    image = picture(100, 192, BOX)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    predictor = Predictor(*trained, device="cpu")
    found = predictor(image, boxes=find(image))
    np.testing.assert_allclose(found.boxes, [BOX], atol=0.01)
    expected, _ = predictor(image, [BOX])
    np.testing.assert_allclose(found.keypoints, expected, atol=0.1)
    assert (find(tmp_path / "a.png") == find(image)).all()


def test_boxes_of_people() -> None:
    boxes = np.array(
        [
            [10, 10, 50, 90],
            [-20, -5, 20, 30],
            [60, 70, 130, 120],
            [11, 11, 50, 90],  # of the first person again
            [100, 10, 120, 50],  # right of the image
            [30, 30, 30, 60],
            [np.nan, 0, 9, 9],
            [0, 0, 99, 99],  # not above the threshold
        ]
    )
    scores = np.array([0.6, 0.9, 0.7, 0.5, 0.8, 0.8, 0.8, 0.3])
    found = people(boxes, scores, 0.3, (100, 100))
    assert found.tolist() == [[0, 0, 20, 30], [60, 70, 100, 100], [10, 10, 50, 90]]
    nobody = people(np.zeros((0, 4)), np.zeros(0), 0.3, (100, 100))
    assert (nobody.shape, nobody.dtype) == ((0, 4), np.float64)


@pytest.mark.parametrize(
    "source",
    [(), ("yolo.pt",), ("opencv", "photo.jpg"), ("yolox.onnx", "photo.jpg"), ("a", "b", "c")],
)
def test_what_is_no_detector(source: tuple[str, ...]) -> None:
    message = r"a detector is FILE\.onnx, opencv, or CONFIG CHECKPOINT of MMDetection, got "
    with pytest.raises(InputError, match=message + (" ".join(source) or "nothing")):
        PersonDetector(*source)


def test_colors_are_for_files_alone() -> None:
    with pytest.raises(InputError, match=r"can be chosen for a FILE\.onnx alone"):
        PersonDetector("opencv", input_format="rgb1")
