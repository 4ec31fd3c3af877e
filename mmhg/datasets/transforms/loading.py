"""Loading images without silent damage."""

from __future__ import annotations

import math

import mmcv
import numpy as np
from mmengine import fileio
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from mmhg.datasets.transforms.jpeg import (
    END_OF_IMAGE,
    JPEG_START,
    START_OF_SCAN,
    decode_jpeg,
    segments,
)
from mmhg.errors import InputError

_JPEG_END = b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_CHUNK_OVERHEAD = 12
"""Bytes of a PNG chunk beside its data: length, type, checksum."""


def is_truncated(data: bytes) -> bool:
    """Whether a JPEG lacks its end-of-image marker or a PNG its last chunk.

    Decoders fill up what is missing with grey and at most print a warning. Other formats are left
    to their decoder (False).
    """
    if data.startswith(JPEG_START):
        return not _jpeg_ends(data)
    if data.startswith(_PNG_START):
        return not _png_ends(data)
    return False


def _jpeg_ends(data: bytes) -> bool:
    for marker, _ in segments(data):
        if marker == END_OF_IMAGE:
            return True
        # Pixels cannot hold the end's bytes; files with more after the end are searched for it.
        if marker == START_OF_SCAN and data.endswith(_JPEG_END):
            return True
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

    Takes the settings of :class:`mmpose.datasets.transforms.LoadImage`. With `ignore_empty=True`
    such a file gives None, and the dataset then takes another sample.

    Raises:
        InputError: Names the file and what is wrong with it.
    """

    way_to_files = "the dataset's data_root and data_prefix"
    """What to check where a file cannot be read."""

    def transform(self, results: dict) -> dict | None:
        """Read `results['img_path']`, unless `results['img']` is there already."""
        if "img" in results:
            return super().transform(results)
        try:
            self._load(results)
        except InputError:
            if self.ignore_empty:
                return None
            raise
        if self.to_float32:
            results["img"] = results["img"].astype(np.float32)
        return results

    def _load(self, results: dict) -> None:
        """Set `img` as the file has it, `img_shape` and `ori_shape`."""
        image, shape = self._open(self._read(results["img_path"]), results["img_path"])
        results.update(img=image, img_shape=shape, ori_shape=shape)

    def _read(self, path: str) -> bytes:
        """The whole file."""
        try:
            data = fileio.get(path, backend_args=self.backend_args)
        except OSError as error:
            raise InputError(
                f"cannot read image {path} ({error.strerror or error}); check {self.way_to_files}"
            ) from error
        if not data:
            raise InputError(f"image {path} is empty (0 bytes); fetch it again")
        if is_truncated(data):
            raise InputError(f"image {path} is truncated ({len(data)} bytes); fetch it again")
        return data

    @property
    def _in_opencvs_colors(self) -> bool:
        """Whether the settings ask for what `decode_jpeg` gives."""
        return (self.color_type, self.imdecode_backend) == ("color", "cv2")

    def _open(
        self, data: bytes, path: str, rows: float = math.inf
    ) -> tuple[np.ndarray, tuple[int, int]]:
        """The image and its height and width; of a colour JPEG maybe only the upper `rows`."""
        if self._in_opencvs_colors and (found := decode_jpeg(data, rows=rows)):
            return found
        image = self._decode(data, path)
        height, width = image.shape[:2]
        return image, (height, width)

    def _decode(self, data: bytes, path: str, flag: str | int | None = None) -> np.ndarray:
        """The image (H, W, C) or (H, W); `flag` is OpenCV's in place of `color_type`."""
        flag = self.color_type if flag is None else flag
        try:
            image = mmcv.imfrombytes(data, flag=flag, backend=self.imdecode_backend)
        except Exception as error:  # each backend has its own
            raise InputError(f"cannot decode image {path}: {str(error).strip()}") from error
        if image is None:
            raise InputError(f"cannot decode image {path} ({len(data)} bytes): not an image")
        return image
