"""Open videos: no playlist, nothing but a file; and say how their frames are turned upright."""

from __future__ import annotations

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.pictures.files import check_regular
from mmhg.pictures.header import MAX_PIXELS, check_pixels

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
"""Say what makes a video upright, by the angle that its display matrix states."""

_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"v=0")
"""Beginnings of files that name other files and addresses, which FFmpeg would open."""


def open_video(path: str) -> cv2.VideoCapture:
    """Open a video file.

    Raises:
        InputError: It is no file, names other files, or is of no kind that OpenCV reads.
    """
    try:
        check_regular(path)
        with open(path, "rb") as file:
            if file.read(16).lstrip().startswith(_PLAYLISTS):
                raise OSError("it is a list of other files")
    except OSError as error:
        raise InputError(f"cannot open video {path}: {error.strerror or error}") from error
    capture = cv2.VideoCapture(path)
    if not capture.isOpened():
        raise InputError(
            f"cannot open video {path}: it is damaged, no video, or of a kind that this "
            "OpenCV does not read"
        )
    return capture


def turn_of(capture: cv2.VideoCapture) -> int | None:
    """Return `cv2.rotate`'s code that makes frames upright, None where nothing is to be done.

    Which versions of OpenCV do it by themselves differs; here they are told not to.
    """
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    if capture.get(cv2.CAP_PROP_ORIENTATION_AUTO):
        return None
    return _TURNS.get(int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360)


class VideoFrames:
    """Frames of a video by their number, from 0, counted from its beginning.

    Nothing seeks, since where a video's frames begin is what containers and versions of FFmpeg
    disagree on: frames in between are decoded and passed over, and to go back begins anew. So ask
    for frames in their order.

    Raises:
        InputError: It cannot be opened, or has more pixels than are read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._begin()
        sides = (
            self._capture.get(cv2.CAP_PROP_FRAME_WIDTH),
            self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT),
        )
        check_pixels(f"video {path}", int(sides[0]), int(sides[1]), MAX_PIXELS)

    def _begin(self) -> None:
        self._capture = open_video(self.path)
        self._turn = turn_of(self._capture)
        self._next = 0
        self._last: np.ndarray | None = None

    def read(self, number: int) -> np.ndarray:
        """Return a frame (H, W, 3) uint8, blue, green, red, upright.

        Raises:
            InputError: The video ends before it, or is damaged there.
        """
        if number < 0:
            raise InputError(f"frames of video {self.path} count from 0, got {number}")
        if number < self._next - 1:
            self.close()
            self._begin()
        try:
            while self._next <= number:
                if not self._capture.grab():
                    raise InputError(
                        f"video {self.path} has no frame {number} (from 0): it ends, or is "
                        f"damaged, after {self._next}"
                    )
                self._next += 1
                self._last = None
            if self._last is None:
                whole, image = self._capture.retrieve()
                if not whole:
                    raise InputError(f"video {self.path}, frame {number}: it cannot be decoded")
                self._last = image if self._turn is None else cv2.rotate(image, self._turn)
        except cv2.error as error:
            raise InputError(f"video {self.path}, frame {number}: {error}") from error
        assert self._last is not None
        return self._last.copy()

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
