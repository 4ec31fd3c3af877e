"""A person's region of an image, and the file that keeps it."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmhg.datasets.transforms.crop_box import Point
from mmhg.datasets.transforms.image_frame import ImageFrame

FORMAT = 1
"""Counts up whenever a region is made in another way."""

_EIGHTHS = 8
"""Regions are reduced by whole eighths, so that both sides are reduced by exactly the same."""

_HEADER = struct.Struct("<8s q Q 2I 3I 2i I")
"""Magic; the source's time of change and size; its height and width; the region's height, width
and eighths; its first source pixel x, y; the checksum of all that and the pixels."""

_BLOCK = 4096
"""Bytes of which the checksum takes the sum."""

_MAGIC = b"mmhg\0reg"
_MARGIN, _NEEDED_MARGIN = 3.0, 2.0
"""Region px around the crop that are kept, and without which it would not be complete."""


@dataclass(frozen=True)
class RegionPlan:
    """What of an image to keep: file px, not yet cut to the image.

    Attributes:
        left, top, right, bottom: Borders; pixels from `left` to before `right`.
        eighths: File px per region px, times 8; at least 8.
    """

    left: int
    top: int
    right: int
    bottom: int
    eighths: int

    @classmethod
    def around(cls, center: Point, half: Point, finest: float) -> RegionPlan:
        """All within `half` of `center`, at no more than `finest` file px per px."""
        eighths = max(_EIGHTHS, math.floor(finest * _EIGHTHS))
        margin = _MARGIN * eighths / _EIGHTHS
        left, top = (math.floor(c - h - margin) for c, h in zip(center, half, strict=True))
        right, bottom = (math.ceil(c + h + margin) + 1 for c, h in zip(center, half, strict=True))
        return cls(left, top, right, bottom, eighths)

    def suffices(self, center: Point, half: Point, finest: float) -> bool:
        """Whether it holds all within `half` of `center`, and finely enough."""
        step = self.eighths / _EIGHTHS
        across, down = (h + _NEEDED_MARGIN * step for h in half)
        return (
            self.left <= center[0] - across
            and self.top <= center[1] - down
            and center[0] + across < self.right
            and center[1] + down < self.bottom
            and (step == 1 or step <= finest * (1 + 1e-6))
        )

    def name(self, path: str) -> str:
        """Of the file that keeps it: for each image, person and crop another."""
        region = (self.left, self.top, self.right, self.bottom, self.eighths)
        key = repr((FORMAT, str(path), region)).encode()
        return hashlib.blake2b(key, digest_size=16).hexdigest() + ".region"


@dataclass(frozen=True)
class Region:
    """Attributes:
    image: (H, W, 3) uint8.
    eighths: File px per region px, times 8.
    left, top: First file px.
    full_shape: Height and width of the file's image in px.
    """

    image: np.ndarray
    eighths: int
    left: int
    top: int
    full_shape: tuple[int, int]

    @property
    def frame(self) -> ImageFrame:
        """A region pixel is centred on the middle of the file px that it stands for."""
        step = self.eighths / _EIGHTHS
        middle = (step - 1) / 2
        return ImageFrame(self.full_shape, step, (self.left + middle, self.top + middle))

    @classmethod
    def cut(cls, image: np.ndarray, plan: RegionPlan) -> Region:
        """From the file's image (H, W, 3).

        Beyond the image's right and lower border the last pixels are filled up with black, as a
        crop is.
        """
        height, width = image.shape[:2]
        divisor = math.gcd(plan.eighths, _EIGHTHS)
        source, target = plan.eighths // divisor, _EIGHTHS // divisor
        left, right = _within(plan.left, plan.right, width)
        top, bottom = _within(plan.top, plan.bottom, height)
        across, down = -(-(right - left) // source), -(-(bottom - top) // source)
        part = image[top : top + down * source, left : left + across * source]
        missing = down * source - part.shape[0], across * source - part.shape[1]
        if any(missing):
            part = cv2.copyMakeBorder(part, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT)
        if source > target:
            size = (across * target, down * target)
            part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        return cls(np.ascontiguousarray(part), plan.eighths, left, top, (height, width))


def region_bytes(region: Region, version: tuple[int, int]) -> list[bytes | memoryview]:
    """The file's content.

    Args:
        region: What to keep.
        version: Time of change in ns and size in bytes of the image's file.
    """
    shape = region.image.shape[:2]
    fields = (_MAGIC, *version, *region.full_shape, *shape, region.eighths, region.left, region.top)
    return [_HEADER.pack(*fields, _checksum(fields, region.image)), region.image.data]


def read_region(path: Path, version: tuple[int, int]) -> Region | None:
    """What `region_bytes` made of this version of the image; None for anything else."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError:
        return None
    if len(data) < _HEADER.size:
        return None
    *fields, checksum = _HEADER.unpack(data[: _HEADER.size].tobytes())
    magic, changed, size, full_height, full_width, height, width, eighths, left, top = fields
    pixels = data[_HEADER.size :]
    if (
        (magic, changed, size) != (_MAGIC, *version)
        or len(pixels) != height * width * 3
        or checksum != _checksum(fields, pixels)
    ):
        return None
    image = pixels.reshape(height, width, 3)
    return Region(image, eighths, left, top, (full_height, full_width))


def _checksum(fields: Sequence[object], pixels: np.ndarray) -> int:
    """Of the header and the pixels (H x W x 3): sees any one damaged word, lost or swapped blocks.

    Sums of 4 kB blocks before the CRC: a sixth of the time that a CRC of all pixels takes.
    """
    flat = pixels.reshape(-1)
    whole = len(flat) // _BLOCK * _BLOCK
    sums = flat[:whole].view(np.uint64).reshape(-1, _BLOCK // 8).sum(1)
    checksum = zlib.crc32(repr(tuple(fields)).encode())
    return zlib.crc32(flat[whole:].data, zlib.crc32(sums.data, checksum))


def _within(first: int, end: int, length: int) -> tuple[int, int]:
    """The part of `first` to before `end` that lies within an image; one pixel if none does."""
    first = min(max(first, 0), length - 1)
    return first, max(min(end, length), first + 1)
