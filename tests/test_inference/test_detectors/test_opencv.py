"""OpenCV's pedestrian detector."""

import cv2
import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.inference import PersonDetector


def pedestrian(height: int, left: int, top: int) -> np.ndarray:
    """Draw an upright figure in an image (400, 400, 3); it is a third as wide as high."""
    image = np.full((400, 400, 3), 190, np.uint8)
    unit, dark = height / 96, (50, 50, 50)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(left + x * unit), round(top + y * unit)

    cv2.circle(image, at(16, 7), round(7 * unit), dark, -1)
    for first, last in [
        (at(6, 16), at(26, 52)),  # trunk
        (at(1, 17), at(6, 50)),  # arms
        (at(26, 17), at(31, 50)),
        (at(7, 50), at(15, 96)),  # legs
        (at(17, 50), at(25, 96)),
    ]:
        cv2.rectangle(image, first, last, dark, -1)
    return image


@pytest.mark.parametrize(("height", "left", "top"), [(200, 170, 100), (96, 185, 200)])
def test_an_upright_figure(height: int, left: int, top: int) -> None:
    find = PersonDetector("opencv")
    (box,) = find(pedestrian(height, left, top))
    drawn = np.array([left, top, left + height / 3, top + height])
    assert np.abs(box - drawn).max() < 0.07 * height
    assert find.description == dict(name="opencv", threshold=0.3)


def test_nobody() -> None:
    assert PersonDetector("opencv")(np.full((400, 400, 3), 190, np.uint8)).shape == (0, 4)


@pytest.mark.parametrize("size", [(1, 1), (10, 10), (100, 30), (60, 400), (400, 30)])
def test_images_smaller_than_the_window(size: tuple[int, int]) -> None:
    """OpenCV itself writes outside of its memory here."""
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    boxes = PersonDetector("opencv", threshold=-1)(noise)
    assert (boxes >= 0).all() and (boxes <= [size[1], size[0]] * 2).all()


def test_an_opencv_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("cv2.HOGDescriptor")
    with pytest.raises(InputError, match=r"has no pedestrian detector: pip install 'opencv-python"):
        PersonDetector("opencv")
