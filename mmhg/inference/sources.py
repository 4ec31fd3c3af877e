"""Sources of images: image files, videos, a camera. Frames are read one at a time."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.inference.predictor import read_image

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".jp2", ".ppm", ".pgm"}
VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts"}
_USUAL_RATE = 25.0
"""Frames per second, where the source does not tell."""

_COUNT_SLACK = 0.02
"""Fraction of the frames that may be missing, since containers only estimate their number."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a source.

    Attributes:
        source: The source.
        index: Number in a video, from 0; None for an image file.
        image: (height, width, 3) uint8, blue, green, red.
    """

    source: Source
    index: int | None
    image: np.ndarray


class ImageFile:
    """An image file.

    Attributes:
        name: The path as it was given.
        rate: Frames per second; None for an image file.
        length: Number of frames; None if unknown.
    """

    rate: float | None = None
    length: int | None = 1

    def __init__(self, path: Path) -> None:
        self.name = str(path)

    def frames(self) -> Iterator[Frame]:
        """Yield the image; raise InputError if the file is no image."""
        yield Frame(self, None, read_image(self.name))


class Video:
    """A video file, with the attributes of `ImageFile`.

    Raises:
        InputError: OpenCV cannot open it.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        capture = self._open()
        self.rate: float = _rate(capture)
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        self.length: int | None = count if count > 0 else None

    def frames(self) -> Iterator[Frame]:
        """Yield the frames in their order.

        Raises:
            InputError: The video ends early. The frames before that have been given.
        """
        capture = self._open()
        index = 0
        try:
            while (reading := capture.read())[0]:
                yield Frame(self, index, reading[1])
                index += 1
        finally:
            capture.release()
        if index == 0:
            raise InputError(f"no frame of video {self.name} can be read. It is damaged, or empty")
        if self.length and index < self.length * (1 - _COUNT_SLACK) - 1:
            raise InputError(
                f"video {self.name} broke off after {index} of {self.length} frames. It is damaged"
            )

    def _open(self) -> cv2.VideoCapture:
        if not Path(self.name).is_file():
            raise InputError(f"no such file: {self.name}")
        capture = cv2.VideoCapture(self.name)
        if not capture.isOpened():
            raise InputError(
                f"cannot open video {self.name}: it is damaged, no video, or of a kind that this "
                "OpenCV does not read"
            )
        return capture


class Camera:
    """A camera, until Ctrl-C, with the attributes of `ImageFile`.

    Args:
        number: The camera's number, from 0.

    Raises:
        InputError: There is no such camera.
    """

    length: int | None = None

    def __init__(self, number: int) -> None:
        self.name = f"camera{number}"
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise InputError(f"cannot open camera {number}. Is it connected, or in use?")
        self.rate: float = _rate(self._capture)

    def frames(self) -> Iterator[Frame]:
        """Yield frames as they come."""
        index = 0
        print(f"{self.name}: Ctrl-C ends the recording", file=sys.stderr)
        with interrupt_as_event() as interrupted:
            while not interrupted.is_set() and (reading := self._capture.read())[0]:
                yield Frame(self, index, reading[1])
                index += 1
        self._capture.release()


Source = ImageFile | Video | Camera


@contextmanager
def interrupt_as_event() -> Iterator[Event]:
    """Let Ctrl-C set an event, so that the frame in progress is finished."""
    event = Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


def find_sources(inputs: Iterable[str]) -> tuple[list[Source], list[str]]:
    """Find the sources that the inputs of a command line name.

    Args:
        inputs: Files; folders, for the images and videos directly in them; globs, also with `**`;
            whole numbers, for cameras, unless there is a file of that name.

    Returns:
        The sources, each file once, and one message for each other input.
    """
    sources: dict[str, Source] = {}
    problems = []
    for text in inputs:
        try:
            found = _expanded(text)
        except InputError as error:
            problems.append(str(error))
            continue
        for item in found:
            try:
                if str(item) not in sources:
                    sources[str(item)] = _opened(item)
            except InputError as error:
                problems.append(str(error))
    return list(sources.values()), problems


def _opened(item: Path | int) -> Source:
    if isinstance(item, int):
        return Camera(item)
    return Video(item) if item.suffix.lower() in VIDEO_SUFFIXES else ImageFile(item)


def _expanded(text: str) -> list[Path] | list[int]:
    path = Path(text)
    if path.is_dir():
        known = IMAGE_SUFFIXES | VIDEO_SUFFIXES
        if files := sorted(p for p in path.iterdir() if p.suffix.lower() in known):
            return files
        raise InputError(f"folder {text} has no images or videos ({', '.join(sorted(known))})")
    if path.is_file():
        return [path]
    if has_magic(text):
        if files := sorted(p for p in map(Path, glob(text, recursive=True)) if p.is_file()):
            return files
        raise InputError(f"no file matches {text}")
    if text.isascii() and text.isdigit():
        return [int(text)]
    raise InputError(f"no such file or folder: {text}")


def _rate(capture: cv2.VideoCapture) -> float:
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return rate if 0 < rate < 1000 else _USUAL_RATE
