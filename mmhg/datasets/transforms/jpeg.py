"""Colour JPEGs with OpenCV's pixels, sooner, and no further down than they are needed.

simplejpeg, of `mmhg[jpeg]`, decodes them; inside of it and of OpenCV is the same library. Without
it, and for files that are not handled here, there is OpenCV.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

try:
    import simplejpeg
except ImportError:
    simplejpeg = None

JPEG_START = b"\xff\xd8"
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""No match: what entropy-coded data may hold (stuffed bytes, restart markers) and fill bytes."""

_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
_APP1, _EXIF = 0xE1, b"Exif"
_FRAME_HEADER = 8
"""Bytes of the segment that says bits, height, width and components, as far as they are read."""

_UPRIGHT = 1
EXIF_ORIENTATION = 0x0112

_BELOW = 8
"""Rows at most, of the image as it is decoded, by which colours of a row depend on those below."""


class DecodedJPEG(NamedTuple):
    """Attributes:
    image: (H, W, 3) uint8, blue, green, red: the upper rows.
    full_shape: Height and width of the file's image in px, at its full size.
    """

    image: np.ndarray
    full_shape: tuple[int, int]


def decode_jpeg(data: bytes, *, factor: int = 1, rows: float = math.inf) -> DecodedJPEG | None:
    """A JPEG in colour, if it is one of the usual: upright, of 8 bits, in colour or grey.

    Args:
        data: The file.
        factor: 1, 2, 4 or 8: one pixel for so many by so many.
        rows: How many rows of the file are needed; a file whose rows come in turn is decoded so
            far.

    Returns:
        None where this is left to OpenCV, which also knows what to say about damage.
    """
    if simplejpeg is None or not data.startswith(JPEG_START):
        return None
    header = _read_header(data)
    if header is None:
        return None
    height, width, place = header
    needed = max(1, math.ceil(min(rows, height)))
    coded = needed + _BELOW * factor
    if place is None or coded >= height:
        coded = needed = height
    else:
        data = data[:place] + coded.to_bytes(2, "big") + data[place + 2 :]
    try:
        image = simplejpeg.decode_jpeg(
            data,
            "BGR",
            min_height=-(-coded // factor),
            min_width=-(-width // factor),
            min_factor=factor,
            strict=coded == height,  # else the rows that are left over would be an error
        )
    except ValueError:
        return None
    return DecodedJPEG(image[: -(-needed // factor)], (height, width))


def segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Each marker of a JPEG with segments, and where the bytes after it begin."""
    position = len(JPEG_START)
    while marker := _MARKER.search(data, position):
        position = marker.end()
        yield data[position - 1], position
        position += int.from_bytes(data[position : position + 2], "big")


def _read_header(data: bytes) -> tuple[int, int, int | None] | None:
    """Height, width, and where a file keeps its height if its rows come in turn.

    None for a file that is turned, or in more colours, bits or ways of coding than usual.
    """
    for marker, start in segments(data):
        if marker == _APP1 and data.startswith(_EXIF, start + 2):
            if not _is_upright(data):
                return None
        elif marker in (*_SEQUENTIAL, _PROGRESSIVE):
            if len(data) < start + _FRAME_HEADER:
                return None
            bits = data[start + 2]
            height, width = (
                int.from_bytes(data[at : at + 2], "big") for at in (start + 3, start + 5)
            )
            components = data[start + 7]
            if bits != 8 or components not in (1, 3) or not (height and width):
                return None
            return height, width, start + 3 if marker in _SEQUENTIAL else None
        elif marker in (START_OF_SCAN, END_OF_IMAGE):
            return None
    return None


def _is_upright(data: bytes) -> bool:
    """Whether the EXIF data can be read and turn nothing."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.getexif().get(EXIF_ORIENTATION, _UPRIGHT) == _UPRIGHT
    except Exception:  # whatever Pillow thinks of damaged EXIF data
        return False
