"""Read animations picture by picture, and their own times."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from mmhg.errors import InputError
from mmhg.pictures.decoding import is_truncated, upright
from mmhg.pictures.files import check_regular, read_picture_file
from mmhg.pictures.header import MAX_PIXELS, known, read_header

_KINDS = ("GIF", "WEBP", "PNG", "AVIF")
"""Formats whose further pictures are an animation's; a TIFF's are pages."""

_SHORTEST, _USUAL = 0.02, 0.1
"""Seconds. As browsers do, shorter durations than the first are taken as the second."""


def is_animation(path: str) -> bool:
    """Tell by a file's header whether it is an animation of several pictures."""
    try:
        check_regular(path)
        with Image.open(path, formats=known(_KINDS)) as image:
            return getattr(image, "n_frames", 1) > 1
    except Exception:  # whoever reads it as an image says more
        return False


def frames_of(
    path: str, max_pixels: int = MAX_PIXELS, *, pixels: bool = True
) -> Iterator[tuple[np.ndarray | None, float]]:
    """Yield the pictures of an animation, and how long each is shown.

    Args:
        path: The file.
        max_pixels: Largest width x height.
        pixels: Decode them; otherwise None comes in their place.

    Yields:
        (H, W, 3) uint8, blue, green, red; and seconds. Nothing for a single picture.

    Raises:
        InputError: The file cannot be read, or is damaged or too large.
    """
    data = read_picture_file(path, way_out="its path", max_pixels=max_pixels)
    header = read_header(data, f"image {path}", max_pixels)
    if header is None or header.kind not in _KINDS or is_truncated(data):
        return
    index = 0
    try:
        with Image.open(BytesIO(data), formats=known(_KINDS)) as image:
            number = getattr(image, "n_frames", 1)
            for index in range(number if number > 1 else 0):
                image.seek(index)
                if pixels or header.kind in ("WEBP", "AVIF"):  # which tell the time when decoded
                    image.load()
                seconds = float(image.info.get("duration") or 0) / 1000
                picture = None
                if pixels:
                    rgb = np.array(image.convert("RGB"))
                    picture = upright(np.ascontiguousarray(rgb[..., ::-1]), header.orientation)
                yield picture, seconds if seconds >= _SHORTEST else _USUAL
    except Exception as error:  # Pillow's plugins raise what their parsers meet
        raise InputError(f"image {path}, picture {index}: {error}. It is damaged") from error
