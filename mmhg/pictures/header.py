"""Read what a picture's header says, before its pixels take memory."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import IO

from PIL import Image

from mmhg.errors import InputError

MAX_PIXELS = 178_956_970
"""Largest picture that is decoded unless a setting says more: Pillow's own limit, 0.5 GB."""

PNG_START = b"\x89PNG\r\n\x1a\n"
_CHUNK_OVERHEAD = 12
"""Bytes of a PNG chunk besides its data: length, type, checksum."""

_WIDTH, _HEIGHT, _ORIENTATION = 0x0100, 0x0101, 0x0112
"""Tags of TIFF and EXIF."""

_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "SUN", "GIF", "AVIF", "JPEG2000", "PPM")
"""Those that OpenCV reads too. Pillow knows others, of which EPS starts another program."""

_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N", "F")
"""Pillow's names for pictures of one channel, and alpha."""

# Our limit is checked below, and a higher one was asked for.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Header:
    """Hold what is known of a picture without its pixels.

    Attributes:
        kind: Pillow's name of the format: `JPEG`, `PNG`, ...
        width: Of the stored pixels.
        height: Of the stored pixels.
        orientation: EXIF's, 1 to 8. From 5 on the stored picture lies on its side.
        is_gray: Whether it has one channel, beside alpha.
    """

    kind: str
    width: int
    height: int
    orientation: int = 1
    is_gray: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height of the upright picture, px."""
        turned = self.orientation >= 5
        return (self.height, self.width) if turned else (self.width, self.height)


def allow_pixels(number: int) -> None:
    """Raise Pillow's own limit, of which it refuses twice as much, to a number of pixels."""
    if Image.MAX_IMAGE_PIXELS is not None:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, (number + 1) // 2)


def read_header(
    source: bytes | IO[bytes], name: str, max_pixels: int = MAX_PIXELS
) -> Header | None:
    """Read the header of a picture.

    Args:
        source: The file's content, or the open file.
        name: Of the picture, for messages.
        max_pixels: Largest width x height.

    Returns:
        None if this is not a picture, or of a kind that Pillow does not know.

    Raises:
        InputError: It has more pixels.
    """
    allow_pixels(max_pixels)
    file = BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(file, formats=known(_FORMATS)) as image:
            kind, (width, height), exif = image.format or "", image.size, image.info.get("exif")
            is_gray = image.mode in _GRAY_MODES
            if kind == "TIFF":  # whose size Pillow turns already
                exif = image.getexif()
                width, height = exif[_WIDTH], exif[_HEIGHT]
    except Image.DecompressionBombError as error:
        stated = re.search(r"\((\d+) pixels\)", str(error))
        found = f"{int(stated[1]):,} pixels" if stated else "more than Pillow reads"
        raise _too_large(name, found, max_pixels) from error
    except MemoryError as error:
        raise _too_large(name, "no memory for it", max_pixels) from error
    except Exception:  # Pillow's plugins raise what their parsers meet
        return None
    check_pixels(name, width, height, max_pixels)
    if kind == "PNG" and exif is None:
        exif = _late_exif(file)
    return Header(kind, width, height, _orientation(exif), is_gray)


def check_pixels(name: str, width: int, height: int, max_pixels: int) -> None:
    """Raise InputError if a picture has more pixels."""
    if width * height > max_pixels:
        raise _too_large(name, f"{width} x {height} px", max_pixels)


@cache
def known(formats: tuple[str, ...]) -> list[str]:
    """Return those of some formats that this Pillow knows."""
    Image.init()
    return [kind for kind in formats if kind in Image.OPEN]


def png_chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, position and length of the data of each chunk that a PNG has in full."""
    end = file.seek(0, os.SEEK_END)
    position = len(PNG_START)
    while position + _CHUNK_OVERHEAD <= end:
        file.seek(position)
        length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
        yield kind, position + 8, length
        position += _CHUNK_OVERHEAD + length


def _late_exif(file: IO[bytes]) -> bytes | None:
    """Find a PNG's EXIF after the pixels, where Pillow would decode them first."""
    for kind, position, length in png_chunks(file):
        if kind == b"eXIf":
            file.seek(position)
            return file.read(length)
    return None


def _orientation(exif: bytes | Image.Exif | None) -> int:
    """Read the orientation, 1 to 8; 1 if there is none, or none that makes sense."""
    try:
        if isinstance(exif, bytes):
            data, exif = exif, Image.Exif()
            exif.load(data)
        value = exif.get(_ORIENTATION, 1) if exif else 1
    except Exception:  # damaged EXIF: the picture is whole
        return 1
    return value if value in range(1, 9) else 1


def _too_large(name: str, found: str, limit: int) -> InputError:
    return InputError(
        f"{name} is too large: {found}, and the limit is {limit:,} pixels. Make it smaller, or set "
        "max_pixels of LoadWholeImage in the config's pipelines"
    )
