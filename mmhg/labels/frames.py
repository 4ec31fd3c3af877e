"""Read the pixels of a labeled image: of a picture, a frame of a video, or a picture in HDF5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhg.datasets.transforms.loading import load_image
from mmhg.errors import InputError
from mmhg.labels.labels import LabeledImage
from mmhg.labels.pictures import measure
from mmhg.pictures import decode_picture, read_header
from mmhg.pictures.video import VideoFrames
from mmhg.utils.hdf5 import read_hdf5

_ROWS = 64
"""Embedded pictures that are read at once, since each reading starts a process."""

_FORMAT = "metadata@format_id"
"""Say where SLEAP's files have the version of their format."""


def frame_size(
    path: Path, frame: int | None = None, embedded: tuple[str, int] | None = None
) -> tuple[int, int]:
    """Return width and height in px of what `read_frame` would read.

    Args:
        path: As of `LabeledImage`.
        frame: As of `LabeledImage`.
        embedded: As of `LabeledImage`.

    Raises:
        InputError: As of `read_frame`.
    """
    if embedded is not None:
        return _EMBEDDED.size(path, *embedded)
    if frame is not None:
        height, width = _VIDEO.read(path, frame).shape[:2]
        return width, height
    return measure(path).size


def read_frame(image: LabeledImage) -> np.ndarray:
    """Read an image (H, W, 3) uint8, blue, green, red, upright.

    One video, or some rows of one file, are kept open from call to call, so ask for the images of a
    video one after the other, in the order of their frames. Not for several threads at a time.

    Raises:
        InputError: It cannot be read, or the video has no such frame; names the file.
    """
    if image.embedded is not None:
        return _EMBEDDED.read(image.path, *image.embedded)
    if image.frame is not None:
        return _VIDEO.read(image.path, image.frame)
    return load_image(str(image.path))


_File = tuple[Path, int, int] | None


def _file(path: Path) -> _File:
    """Return what differs if a file is written anew; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return path, found.st_mtime_ns, found.st_size


class _Video:
    """The last video that was asked for."""

    def __init__(self) -> None:
        self._held: _File | None = None
        self._frames: VideoFrames | None = None

    def read(self, path: Path, frame: int) -> np.ndarray:
        wanted = _file(path)
        if self._frames is None or self._held != wanted:
            if self._frames is not None:
                self._frames.close()
            self._frames = None
            self._held, self._frames = wanted, VideoFrames(str(path))
        return self._frames.read(frame)


class _Embedded:
    """The last rows of a dataset that were asked for."""

    def __init__(self) -> None:
        self._held: tuple[_File, str, int] | None = None
        self._rows = np.empty(0)
        self._swapped = False

    def read(self, path: Path, dataset: str, row: int) -> np.ndarray:
        """Return the pixels, blue first."""
        held, name = self._row(path, dataset, row)
        file = _file_in(held)
        if file is None:
            return _pixels_in(held, name)
        image = decode_picture(file, name)
        return image[..., ::-1].copy() if self._swapped else image

    def size(self, path: Path, dataset: str, row: int) -> tuple[int, int]:
        """Return width and height, px."""
        held, name = self._row(path, dataset, row)
        header = read_header(file, name) if (file := _file_in(held)) is not None else None
        if header is not None:
            return header.size
        height, width = self.read(path, dataset, row).shape[:2]
        return width, height

    def _row(self, path: Path, dataset: str, row: int) -> tuple[Any, str]:
        first = row - row % _ROWS
        wanted = _file(path), dataset, first
        if self._held != wanted:
            name, order = f"{dataset}[{first}:{first + _ROWS}]", f"{dataset}@channel_order"
            found = read_hdf5(path, [name, order, _FORMAT])
            if name not in found:
                raise InputError(f"{path} has no {dataset}")
            self._held, self._rows = wanted, found[name]
            self._swapped = _is_swapped(found.get(order), found.get(_FORMAT))
        if row - first >= len(self._rows):
            raise InputError(f"{path} has no picture {row} (from 0) in {dataset}")
        return self._rows[row - first], f"{path}, picture {row} (from 0) of {dataset}"


_VIDEO, _EMBEDDED = _Video(), _Embedded()


def _is_swapped(order: np.ndarray | None, version: np.ndarray | None) -> bool:
    """Tell if red and blue of embedded files are exchanged, as OpenCV writes what it takes for BGR.

    Files state it from SLEAP's format 1.4 on; all before are so.
    """
    if order is not None:
        return order.tolist() == b"BGR"
    return version is not None and version.dtype.kind in "iuf" and bool((version < 1.4).all())


def _file_in(row: bytes | np.ndarray) -> bytes | None:
    """Return a picture's file, where a row is one: bytes, or numbers with zeros behind."""
    if isinstance(row, bytes) or (row.ndim == 1 and row.dtype.itemsize == 1):
        return bytes(row).rstrip(b"\0")
    return None


def _pixels_in(row: np.ndarray, name: str) -> np.ndarray:
    """Return pixels (H, W, 3) of a row that has them, red first."""
    if row.ndim == 3 and row.shape[0] in (1, 3) and row.shape[2] not in (1, 3):
        row = row.transpose(2, 1, 0)  # channels, width, height
    if row.ndim == 3 and row.dtype == np.uint8 and row.shape[2] in (1, 3) and row.size:
        code = cv2.COLOR_GRAY2BGR if row.shape[2] == 1 else cv2.COLOR_RGB2BGR
        return cv2.cvtColor(row, code)
    raise InputError(f"{name} is no picture: {row.dtype} of shape {row.shape}")
