"""Sources of images: image files, animations, videos, a camera. Frames are read one at a time."""

from __future__ import annotations

import mimetypes
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from mmhg.datasets.transforms import LoadWholeImage
from mmhg.errors import InputError
from mmhg.inference.predictor import read_image
from mmhg.pictures import MAX_PIXELS, check_pixels, check_regular
from mmhg.pictures.animation import frames_of, is_animation
from mmhg.pictures.video import open_video, turn_of

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".jp2", ".ppm", ".pgm"}
IMAGE_SUFFIXES |= {".gif", ".avif", ".npy"}
"""Suffixes of images, so that a broken file is not passed over. Others are known by content."""

VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts"}
"""Suffixes of videos, beside those that the machine's table of MIME types calls videos."""

_USUAL_RATE = 25.0
"""Frames per second, where the source does not tell."""

_MEASURED_FRAMES = 32
"""Frames whose times give the rate, where the file states none that can be."""

_COUNT_SLACK = 0.02
"""Fraction of the frames that may be missing, since containers only estimate their number."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a source.

    Attributes:
        source: The source.
        index: Number in a video, from 0; None for an image file.
        image: (height, width, 3) uint8, blue, green, red; of an image file what `loader` reads.
        time: Seconds from the beginning of a video; None if unknown.
    """

    source: Source
    index: int | None
    image: np.ndarray
    time: float | None = None


class ImageFile:
    """An image file.

    Attributes:
        name: The path as it was given.
        rate: Frames per second, on average; None for an image file.
        length: Number of frames; None if unknown.
    """

    rate: float | None = None
    length: int | None = 1

    def __init__(self, path: Path, loader: LoadWholeImage | None = None) -> None:
        self.name = str(path)
        self._loader = loader

    def frames(self) -> Iterator[Frame]:
        """Yield the image; raise InputError if the file is no image."""
        yield Frame(self, None, read_image(self.name, self._loader))


class Animation:
    """A GIF, PNG, WebP or AVIF of several pictures, with the attributes of `ImageFile`.

    Raises:
        InputError: It cannot be read.
    """

    def __init__(self, path: Path, max_pixels: int = MAX_PIXELS) -> None:
        self.name = str(path)
        self._max_pixels = max_pixels
        durations = [duration for _, duration in frames_of(self.name, max_pixels, pixels=False)]
        self.length: int | None = len(durations)
        self.rate: float = len(durations) / sum(durations)

    def frames(self) -> Iterator[Frame]:
        """Yield the pictures in their order."""
        start = 0.0
        for index, (image, duration) in enumerate(frames_of(self.name, self._max_pixels)):
            assert image is not None
            yield Frame(self, index, image, start)
            start += duration


class Video:
    """A video file, with the attributes of `ImageFile`.

    Frames are upright, as the file's display matrix says, whatever OpenCV's backend does of itself.

    Raises:
        InputError: OpenCV cannot open it, or it is larger than `max_pixels`.
    """

    def __init__(self, path: Path, max_pixels: int = MAX_PIXELS) -> None:
        self.name = str(path)
        capture = open_video(self.name)
        sides = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        check_pixels(f"video {self.name}", int(sides[0]), int(sides[1]), max_pixels)
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.length: int | None = count if count > 0 else None
        self.rate: float = _rate(capture)
        capture.release()

    def frames(self) -> Iterator[Frame]:
        """Yield the frames in their order.

        Raises:
            InputError: The video ends early. The frames before that have been given.
        """
        capture = open_video(self.name)
        turn = turn_of(capture)
        index, seconds = 0, 0.0
        try:
            while (reading := capture.read())[0]:
                image = reading[1] if turn is None else cv2.rotate(reading[1], turn)
                stated = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                if index:
                    seconds = stated if stated > seconds else seconds + 1 / self.rate
                yield Frame(self, index, image, seconds)
                index += 1
        except cv2.error as error:
            raise InputError(f"video {self.name}, frame {index}: {error}") from error
        finally:
            capture.release()
        if index == 0:
            raise InputError(f"no frame of video {self.name} can be read. It is damaged, or empty")
        if self.length and index < self.length * (1 - _COUNT_SLACK) - 1:
            raise InputError(
                f"video {self.name} broke off after {index} of {self.length} frames. It is damaged"
            )


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
        index, start = 0, time.monotonic()
        print(f"{self.name}: Ctrl-C ends the recording", file=sys.stderr)
        with interrupt_as_event() as interrupted:
            while not interrupted.is_set() and (reading := self._capture.read())[0]:
                yield Frame(self, index, reading[1], time.monotonic() - start)
                index += 1
        self._capture.release()


Source = ImageFile | Animation | Video | Camera


@contextmanager
def interrupt_as_event() -> Iterator[Event]:
    """Let Ctrl-C set an event, so that the frame in progress is finished."""
    event = Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


def find_sources(
    inputs: Iterable[str], loader: LoadWholeImage | None = None
) -> tuple[list[Source], list[str]]:
    """Find the sources that the inputs of a command line name.

    Args:
        inputs: Files; folders, for the images and videos directly in them; globs, also with `**`;
            whole numbers, for cameras, unless there is a file of that name.
        loader: Reads image files, and says the largest image or video; None reads color.

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
                    sources[str(item)] = _opened(item, loader or LoadWholeImage())
            except InputError as error:
                problems.append(str(error))
    return list(sources.values()), problems


def _opened(item: Path | int, loader: LoadWholeImage) -> Source:
    if isinstance(item, int):
        return Camera(item)
    if is_animation(str(item)):
        return Animation(item, loader.max_pixels)
    if not _is_image(item) and (_is_video(item) or _opens_as_video(item)):
        return Video(item, loader.max_pixels)
    return ImageFile(item, loader)


def is_media(path: Path) -> bool:
    """Tell whether a file is named like an image or a video, or is an image by its content."""
    return path.suffix.lower() in IMAGE_SUFFIXES or _is_video(path) or _is_image(path)


def _is_video(path: Path) -> bool:
    kind = mimetypes.guess_type(path.name)[0] or ""
    return path.suffix.lower() in VIDEO_SUFFIXES or kind.startswith("video/")


def _is_image(path: Path) -> bool:
    """Tell whether OpenCV has a reader for a file's content."""
    try:
        check_regular(str(path))
        return bool(cv2.haveImageReader(str(path)))
    except (OSError, cv2.error):
        return False


def _opens_as_video(path: Path) -> bool:
    """Tell whether a file without a known name or content is a video."""
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return False
    try:
        Video(path)
    except InputError:
        return False
    return True


def _expanded(text: str) -> list[Path] | list[int]:
    path = Path(text)
    if "\0" in text:
        raise InputError(f"no such file or folder: {text!r}")
    if path.is_dir():
        if files := sorted(p for p in path.iterdir() if not p.is_dir() and is_media(p)):
            return files
        raise InputError(f"folder {text} has no images or videos")
    if path.exists():
        return [path]
    if has_magic(text):
        if files := sorted(p for p in map(Path, glob(text, recursive=True)) if p.is_file()):
            return files
        raise InputError(f"no file matches {text}")
    if text.isascii() and text.isdigit():
        return [int(text)]
    raise InputError(f"no such file or folder: {text}")


def _rate(capture: cv2.VideoCapture) -> float:
    """Return the frames per second that a file states, or else those that its frames' times give.

    The frames are read for it.
    """
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    if 0 < rate < 1000:
        return rate
    times: list[float] = []
    while len(times) < _MEASURED_FRAMES and capture.grab():
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    passed = times[-1] - times[0] if times else 0.0
    return (len(times) - 1) / passed if passed > 0 else _USUAL_RATE
