"""Images in a detector's input, and boxes back in the image."""

import numpy as np
import pytest

from mmhg.inference.detectors.letterbox import INPUT_FORMATS, PADDING, letterbox

SIZE = (64, 96)


@pytest.mark.parametrize(
    ("shape", "centered", "content"),
    [
        ((128, 60), False, (0, 0, 30, 64)),
        ((128, 60), True, (33, 0, 63, 64)),
        ((100, 192), False, (0, 0, 96, 50)),
        ((100, 192), True, (0, 7, 96, 57)),
        ((99, 191), True, (0, 7, 96, 57)),  # 49.8 px high, and 14 px to share
        ((16, 24), False, (0, 0, 96, 64)),  # is enlarged
        ((1, 500), False, (0, 0, 96, 1)),
    ],
)
def test_an_image_is_scaled_and_padded(
    shape: tuple[int, int], centered: bool, content: tuple[int, ...]
) -> None:
    boxed = letterbox(np.full((*shape, 3), 200, np.uint8), SIZE, centered=centered)
    left, top, right, bottom = content
    assert boxed.image.shape == (*SIZE, 3)
    assert (boxed.image[top:bottom, left:right] == 200).all()
    assert (boxed.image == PADDING).sum() == 3 * (64 * 96 - (right - left) * (bottom - top))
    height, width = shape
    whole = boxed.to_image(np.array([content, [left, top, left, top]]))
    np.testing.assert_allclose(whole, [[0, 0, width, height], [0, 0, 0, 0]], atol=1e-9)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bgr255", (10, 20, 30)),
        ("rgb255", (30, 20, 10)),
        ("rgb1", (30 / 255, 20 / 255, 10 / 255)),
        (
            "bgr-imagenet",
            ((10 - 103.53) / 57.375, (20 - 116.28) / 57.12, (30 - 123.675) / 58.395),
        ),
        (
            "rgb-imagenet",
            ((30 - 123.675) / 58.395, (20 - 116.28) / 57.12, (10 - 103.53) / 57.375),
        ),
    ],
)
def test_colors(name: str, values: tuple[float, ...]) -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[1, 2] = (10, 20, 30)
    converted = INPUT_FORMATS[name](image)
    assert (converted.shape, converted.dtype) == ((3, 2, 3), np.float32)
    np.testing.assert_allclose(converted[:, 1, 2], values, rtol=1e-6)
