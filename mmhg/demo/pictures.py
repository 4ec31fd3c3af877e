"""Pictures that come from a browser as bytes, and go back to it."""

from __future__ import annotations

from io import BytesIO

import cv2
import mmcv
import numpy as np
from PIL import Image

from mmhg.datasets.transforms.loading import is_truncated
from mmhg.errors import InputError

MOST_PIXELS = 80_000_000
"""A file of a few bytes can stand for more than memory holds."""

LONGEST_SIDE = 2048
"""Of what is sent back to be looked at, px."""


def decode_picture(data: bytes) -> np.ndarray:
    """A picture (height, width, 3) uint8, blue, green, red, turned upright as its file says.

    The same pixels as `mmhg.inference.predictor.read_image` reads from a file.

    Raises:
        InputError: It is no picture, damaged, truncated, or too large.
    """
    if is_truncated(data):
        raise InputError("this picture is cut off: its end is missing. Fetch or save it again")
    try:
        with Image.open(BytesIO(data)) as header:  # reads no pixels yet
            width, height = header.size
    except Image.DecompressionBombError:
        width = height = MOST_PIXELS  # more still
    except (OSError, SyntaxError, ValueError):
        raise InputError(
            "this is no picture that can be read here. JPEG, PNG, WebP, BMP and TIFF can; a photo "
            "in HEIC has to be saved as one of these"
        ) from None
    if width * height > MOST_PIXELS:
        raise InputError(
            f"this picture has more than {MOST_PIXELS // 1_000_000} megapixels; make it smaller"
        )
    try:
        image: np.ndarray | None = mmcv.imfrombytes(data, flag="color", backend="cv2")
    except cv2.error:
        image = None
    if image is None:
        raise InputError(
            "this picture is damaged, or of a kind that OpenCV does not read; save it as JPEG or "
            "PNG"
        )
    return image


def encode_picture(image: np.ndarray) -> bytes:
    """A JPEG to look at, no longer than `LONGEST_SIDE`."""
    zoom = LONGEST_SIDE / max(image.shape[:2])
    if zoom < 1:
        size = [max(1, round(side * zoom)) for side in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    data: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    return data
