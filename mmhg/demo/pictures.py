"""Decode images that a browser sends, and encode those that go back to it."""

from __future__ import annotations

from io import BytesIO

import cv2
import mmcv
import numpy as np
from PIL import Image

from mmhg.datasets.transforms.loading import is_truncated
from mmhg.errors import InputError

MOST_PIXELS = 80_000_000
"""Largest image. A small file can decode to more pixels than memory holds."""

LONGEST_SIDE = 2048
"""Longest side in px of an image that goes back to the browser."""


def decode_picture(data: bytes) -> np.ndarray:
    """Decode an image (height, width, 3) uint8, BGR, rotated upright as its file says.

    The pixels equal those that `mmhg.inference.predictor.read_image` reads from a file.

    Raises:
        InputError: The file is not an image, or it is damaged, truncated or too large.
    """
    if is_truncated(data):
        raise InputError("this picture is cut off: its end is missing. Download or save it again")
    try:
        with Image.open(BytesIO(data)) as header:  # reads no pixels yet
            width, height = header.size
    except Image.DecompressionBombError:
        width = height = MOST_PIXELS  # more still
    except (OSError, SyntaxError, ValueError):
        raise InputError(
            "this file is not a picture that can be read here. Use JPEG, PNG, WebP, BMP or TIFF, "
            "and save a photo in HEIC as one of these"
        ) from None
    if width * height > MOST_PIXELS:
        raise InputError(
            f"this picture has more than {MOST_PIXELS // 1_000_000} megapixels. Make it smaller"
        )
    try:
        image: np.ndarray | None = mmcv.imfrombytes(data, flag="color", backend="cv2")
    except cv2.error:
        image = None
    if image is None:
        raise InputError(
            "this picture is damaged, or of a kind that OpenCV does not read. Save it as JPEG or "
            "PNG"
        )
    return image


def encode_picture(image: np.ndarray) -> bytes:
    """Encode an image as JPEG, with no side longer than `LONGEST_SIDE`."""
    zoom = LONGEST_SIDE / max(image.shape[:2])
    if zoom < 1:
        size = [max(1, round(side * zoom)) for side in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    data: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    return data
