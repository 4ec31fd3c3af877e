"""Load images, and refuse damaged ones."""

from __future__ import annotations

import re

import mmcv
import numpy as np
from mmengine import fileio
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from mmhg.errors import InputError

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Does not match bytes among pixels (stuffed bytes, restart markers) and fill bytes."""

_PNG_START = b"\x89PNG\r\n\x1a\n"
_CHUNK_OVERHEAD = 12
"""Bytes of a PNG chunk besides its data: length, type, checksum."""


def is_truncated(data: bytes) -> bool:
    """Tell if a JPEG lacks its end-of-image marker or a PNG its last chunk.

    Decoders fill missing parts with gray and at most print a warning. For other formats the result
    is False.
    """
    if data.startswith(_JPEG_START):
        return not _jpeg_ends(data)
    if data.startswith(_PNG_START):
        return not _png_ends(data)
    return False


def _jpeg_ends(data: bytes) -> bool:
    position = len(_JPEG_START)
    while marker := _MARKER.search(data, position):
        position = marker.end()
        if data[position - 1] == _END_OF_IMAGE:
            return True
        # Pixels cannot contain the end marker. Files with more data after it are searched.
        if data[position - 1] == _START_OF_SCAN and data.endswith(_JPEG_END):
            return True
        position += int.from_bytes(data[position : position + 2], "big")
    return False


def _png_ends(data: bytes) -> bool:
    position = len(_PNG_START)
    while position + _CHUNK_OVERHEAD <= len(data):
        if data[position + 4 : position + 8] == b"IEND":
            return True
        position += _CHUNK_OVERHEAD + int.from_bytes(data[position : position + 4], "big")
    return False


@TRANSFORMS.register_module()
class LoadWholeImage(LoadImage):
    """`LoadImage` that refuses a missing, undecodable or truncated file.

    Takes the settings of `mmpose.datasets.transforms.LoadImage`. With `ignore_empty=True` such a
    file gives None, and the dataset takes another sample.

    Raises:
        InputError: The image cannot be loaded; names the file and the problem.
    """

    way_to_files = "the dataset's data_root and data_prefix"
    """The settings to check if a file cannot be read."""

    def transform(self, results: dict) -> dict | None:
        """Read `results['img_path']`, unless there is `results['img']`."""
        if "img" in results:
            return super().transform(results)
        try:
            image = self._decode(self._read(results["img_path"]), results["img_path"])
        except InputError:
            if self.ignore_empty:
                return None
            raise
        if self.to_float32:
            image = image.astype(np.float32)
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results

    def _read(self, path: str) -> bytes:
        """Read the whole file."""
        try:
            data = fileio.get(path, backend_args=self.backend_args)
        except OSError as error:
            raise InputError(
                f"cannot read image {path} ({error.strerror or error}). Check {self.way_to_files}"
            ) from error
        if not data:
            raise InputError(f"image {path} is empty (0 bytes). Download it again")
        if is_truncated(data):
            raise InputError(f"image {path} is truncated ({len(data)} bytes). Download it again")
        return data

    def _decode(self, data: bytes, path: str) -> np.ndarray:
        """Decode an image, (H, W, C) or (H, W)."""
        try:
            image = mmcv.imfrombytes(data, flag=self.color_type, backend=self.imdecode_backend)
        except Exception as error:  # each backend has its own
            raise InputError(f"cannot decode image {path}: {str(error).strip()}") from error
        if image is None:
            raise InputError(f"cannot decode image {path} ({len(data)} bytes): not an image")
        return image
