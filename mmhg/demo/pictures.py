"""Decode images that a browser sends, and encode those that go back to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

import cv2
import numpy as np

from mmhg.pictures import MAX_PIXELS, decode_picture, read_header

LONGEST_SIDE = 2048
"""Longest side in px of an image that goes back to the browser."""

_NAME = "this picture"


class PictureMemory:
    """Decode pictures, as many at a time as one of the largest size has pixels.

    Args:
        max_pixels: Largest picture, width x height.
    """

    def __init__(self, max_pixels: int = MAX_PIXELS) -> None:
        self.max_pixels = max_pixels
        self._taken = 0
        self._freed = Condition()

    @contextmanager
    def decoded(self, data: bytes) -> Iterator[np.ndarray]:
        """Give an image (height, width, 3) uint8, BGR, for a `with` block, when there is room.

        The pixels equal those that `mmhg.inference.predictor.read_image` reads from a file.

        Raises:
            InputError: The file is not an image, or it is damaged, truncated or too large.
        """
        header = read_header(data, _NAME, self.max_pixels)
        pixels = header.width * header.height if header else 0  # it will be refused
        with self._freed:
            self._freed.wait_for(lambda: self._taken + pixels <= self.max_pixels)
            self._taken += pixels
        try:
            yield decode_picture(data, _NAME, max_pixels=self.max_pixels)
        finally:
            with self._freed:
                self._taken -= pixels
                self._freed.notify_all()


def encode_picture(image: np.ndarray) -> bytes:
    """Encode an image as JPEG, with no side longer than `LONGEST_SIDE`."""
    zoom = LONGEST_SIDE / max(image.shape[:2])
    if zoom < 1:
        size = [max(1, round(side * zoom)) for side in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    data: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    return data
