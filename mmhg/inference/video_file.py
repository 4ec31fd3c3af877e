"""Write a video, at a constant rate whatever its source had."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.utils.files import replacing

_LONGEST_MP4 = 8_191
"""Px, of MPEG-4."""

_LONGEST_PAUSE = 10.0
"""Seconds that a frame is shown at most, in case that a video's times are damaged."""

WriteFrame = Callable[[np.ndarray, float], None]
"""Takes the next frame of a video, and the second at which it is shown."""


@contextmanager
def video_file(path: Path, rate: float, size: Sequence[int]) -> Iterator[WriteFrame]:
    """Give a function that writes the next frame of an `.mp4`, which appears when the block ends.

    The video has a constant rate. Where that of the source varies, a frame is repeated until the
    next one's time, or left out if it has no time of its own, so that the video is as long.

    Args:
        path: To write.
        rate: Frames per second.
        size: Height and width in px.

    Raises:
        InputError: OpenCV cannot write it.
        cv2.error: It is too large for MPEG-4.
    """
    if max(size) > _LONGEST_MP4:
        raise cv2.error(f"no side of a video that is written may exceed {_LONGEST_MP4} px: {path}")
    with replacing(path) as partial:
        code = cv2.VideoWriter.fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(partial), code, rate, (size[1], size[0]))
        if not writer.isOpened():
            raise InputError(f"cannot write video {path}: no encoder, or no space")
        frames = _AtConstantRate(writer, rate)
        try:
            yield frames.write
        finally:
            frames.end()
            writer.release()


class _AtConstantRate:
    """Write frames, each until the time of the next one."""

    def __init__(self, writer: cv2.VideoWriter, rate: float) -> None:
        self._writer = writer
        self._rate = rate
        self._last: np.ndarray | None = None
        self._last_seconds, self._late = 0.0, 0.0
        self._written = 0

    def write(self, image: np.ndarray, seconds: float) -> None:
        """Write the frame before this one."""
        seconds -= self._late
        if seconds - self._last_seconds > _LONGEST_PAUSE:
            self._late += seconds - self._last_seconds - _LONGEST_PAUSE
            seconds = self._last_seconds + _LONGEST_PAUSE
        if self._last is not None:
            for _ in range(round(seconds * self._rate) - self._written):
                self._writer.write(self._last)
                self._written += 1
        self._last, self._last_seconds = image, seconds

    def end(self) -> None:
        """Write the last frame."""
        if self._last is not None:
            self._writer.write(self._last)
