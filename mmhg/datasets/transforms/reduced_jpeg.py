"""JPEGs decoded at a half, a quarter or an eighth of their size."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from mmhg.datasets.transforms.image_frame import ImageFrame
from mmhg.datasets.transforms.jpeg import EXIF_ORIENTATION, decode_jpeg

_FLAGS = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_TURNED = (5, 6, 7, 8)
"""EXIF orientations where OpenCV swaps width and height."""
_X_FROM_THE_END = (2, 3, 6, 7)
_Y_FROM_THE_END = (3, 4, 7, 8)
"""EXIF orientations where the image's x or y runs against the file's columns or rows."""


def reduction(finest: float) -> int:
    """The largest of 1, 2, 4, 8 that is not above `finest`."""
    return max((factor for factor in _FLAGS if factor <= finest), default=1)


def decode_reduced(
    data: bytes, factor: int, decode: Callable[[int], np.ndarray], rows: float = math.inf
) -> tuple[np.ndarray, ImageFrame]:
    """A colour JPEG at 1 / factor of its size, turned as its EXIF orientation says.

    A pixel stands for factor x factor of the file's, and is centred on their middle. Where the
    size is no multiple of the factor, the file's last column and row of pixels are narrower, which
    the orientation may turn into the image's first.

    Args:
        data: The file.
        factor: 2, 4 or 8.
        decode: From OpenCV's flag to the image; may raise.
        rows: As in `decode_jpeg`, which this uses if it can.
    """
    middle = (factor - 1) / 2
    if found := decode_jpeg(data, factor=factor, rows=rows):
        return found.image, ImageFrame(found.full_shape, factor, (middle, middle))
    image = decode(_FLAGS[factor])
    with Image.open(io.BytesIO(data)) as header:
        size, orientation = header.size, header.getexif().get(EXIF_ORIENTATION, 1)
    width, height = size[::-1] if orientation in _TURNED else size
    beyond = width - factor * image.shape[1], height - factor * image.shape[0]
    offset = (
        middle + beyond[0] * (orientation in _X_FROM_THE_END),
        middle + beyond[1] * (orientation in _Y_FROM_THE_END),
    )
    return image, ImageFrame((height, width), factor, offset)
