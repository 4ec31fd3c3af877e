"""Where pictures come from: image files, videos, a camera. Frames are read one at a time."""

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
"""Frames a second of what does not say."""

_COUNT_SLACK = 0.02
"""Containers give the number of frames by their length; this fraction may be missing."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture.

    Attributes:
        source: What it is from.
        index: In a video, from 0; None for an image file.
        image: (height, width, 3) uint8, blue, green, red.
    """

    source: Source
    index: int | None
    image: np.ndarray


class ImageFile:
    """An image file.

    Attributes:
        name: The path as it was given.
        rate: Frames a second; None here.
        length: Number of frames; None where it is not known.
    """

    rate: float | None = None
    length: int | None = 1

    def __init__(self, path: Path) -> None:
        self.name = str(path)

    def frames(self) -> Iterator[Frame]:
        """The image; raises InputError if it is none."""
        yield Frame(self, None, read_image(self.name))


class Video:
    """A video file; attributes as those of `ImageFile`, known once it is opened.

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
        """The frames in their order.

        Raises:
            InputError: It ends early; the frames before that have been given.
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
            raise InputError(f"no frame of video {self.name} can be read; it is damaged, or empty")
        if self.length and index < self.length * (1 - _COUNT_SLACK) - 1:
            raise InputError(
                f"video {self.name} broke off after {index} of {self.length} frames; it is damaged"
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
    """A camera, until Ctrl-C; attributes as those of `ImageFile`.

    Args:
        number: Of the camera, from 0.

    Raises:
        InputError: There is none of that number.
    """

    length: int | None = None

    def __init__(self, number: int) -> None:
        self.name = f"camera{number}"
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise InputError(f"cannot open camera {number}; is it plugged in, or in use elsewhere?")
        self.rate: float = _rate(self._capture)

    def frames(self) -> Iterator[Frame]:
        """Frames as they come."""
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
    """Let Ctrl-C set an event, so that what was begun is finished."""
    event = Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


def find_sources(inputs: Iterable[str]) -> tuple[list[Source], list[str]]:
    """What the inputs of a command line stand for.

    Args:
        inputs: Files; folders, for the images and videos right in them; globs, `**` among them;
            whole numbers, for cameras, where there is no file of that name.

    Returns:
        Sources, each file once, and what is wrong with the other inputs.
    """
    sources: dict[str, Source] = {}
    faults = []
    for text in inputs:
        try:
            found = _expanded(text)
        except InputError as error:
            faults.append(str(error))
            continue
        for place in found:
            try:
                if str(place) not in sources:
                    sources[str(place)] = _opened(place)
            except InputError as error:
                faults.append(str(error))
    return list(sources.values()), faults


def _opened(place: Path | int) -> Source:
    if isinstance(place, int):
        return Camera(place)
    return Video(place) if place.suffix.lower() in VIDEO_SUFFIXES else ImageFile(place)


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
