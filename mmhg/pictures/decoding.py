"""Decode pictures: upright, and never one that is cut off, damaged or too large."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import cv2
import mmcv
import numpy as np

from mmhg.errors import InputError
from mmhg.pictures.header import MAX_PIXELS, PNG_START, png_chunks, read_header
from mmhg.pictures.standard_error import STANDARD_ERROR

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Does not match bytes among pixels (stuffed bytes, restart markers) and fill bytes."""

_DAMAGE = re.compile(
    rb"(Corrupt JPEG data.*|Premature end of JPEG.*|Inconsistent progression.*|TIFF_Error .*)"
)
"""Warnings after which libjpeg and libtiff go on with wrong pixels."""

_UNTURNED = ("cv2", "turbojpeg")
"""Backends that leave pixels as they are stored, the first one if it is told to."""

_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""Say what makes a picture upright, by EXIF's orientation."""

_MOST_TURNED = 4
"""Channels that OpenCV turns together."""


def decode_picture(
    data: bytes,
    name: str,
    *,
    flag: str = "color",
    backend: str | None = "cv2",
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """Decode a picture.

    EXIF's orientation is applied in each format that has it (JPEG, PNG, WebP, TIFF, AVIF), for
    the flags `color` and `grayscale`, whatever version of OpenCV decodes. Of an animation the
    first picture is given.

    A JPEG has no checksum. Damage inside of it is found where it makes libjpeg warn. Of 240 damaged
    photos of COCO and LSPET it did so in all where the rest was random or zero bytes, in 99 % where
    300 bytes were missing, 97 % with 300 random bytes, 85 % with 300 zero bytes, and 60 % with 20
    random bytes; to any decoder the others are pictures. Damage in a TIFF is found by libtiff's
    warnings, in a PNG by its checksums; WebP and BMP have neither.

    Args:
        data: The file.
        name: Of the picture, for messages.
        flag: As for `mmcv.imfrombytes`.
        backend: As for `mmcv.imfrombytes`.
        max_pixels: Largest width x height.

    Returns:
        (H, W, 3) uint8, blue, green, red; or what the flag asks for.

    Raises:
        InputError: It is cut off, damaged, too large or no picture.
    """
    if is_truncated(data):
        raise InputError(f"{name} is truncated ({len(data)} bytes). Download or save it again")
    header = read_header(data, name, max_pixels)
    if header is None and backend in ("cv2", "pillow"):
        raise no_picture(name, data)
    if header is not None and header.kind == "GIF":
        backend = "pillow"  # OpenCV reads it from 4.11 on
    turns = header is not None and flag in ("color", "grayscale") and backend in _UNTURNED
    if header is not None and header.kind == "TIFF":  # OpenCV has no way to leave it as it is
        turns = backend == "turbojpeg"
    used = f"{flag}_ignore_orientation" if turns and backend == "cv2" else flag
    try:
        image, damage = hear_damage(lambda: mmcv.imfrombytes(data, flag=used, backend=backend))
    except Exception as error:  # each backend has its own
        reason = str(error).strip() or type(error).__name__
        raise InputError(f"cannot decode {name}: {reason}") from error
    if image is None:
        raise no_picture(name, data)
    if damage:
        raise damaged(name, damage)
    return upright(image, header.orientation) if turns and header is not None else image


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image as EXIF's orientation, 1 to 8, says."""
    turn = _TURNS.get(orientation)
    if turn is None:
        return image
    if image.ndim == 3 and image.shape[2] > _MOST_TURNED:
        return np.dstack([turn(channel) for channel in np.moveaxis(image, 2, 0)])
    return turn(image)


def hear_damage(decode: Callable[[], np.ndarray | None]) -> tuple[np.ndarray | None, str]:
    """Decode, and return with the picture the decoder's warning of damage, if any."""
    with STANDARD_ERROR.listen() as heard:
        image = decode()
        damage = _DAMAGE.search(heard())
    if damage is None:
        return image, ""
    with STANDARD_ERROR.listen(alone=True) as heard:  # it may have been another thread's
        image = decode()
        damage = _DAMAGE.search(heard())
    return image, "" if damage is None else damage[1].decode(errors="replace").strip()


def damaged(name: str, damage: str) -> InputError:
    """Return the error for a picture at which its decoder warns."""
    return InputError(
        f"{name} is damaged, its decoder warns: {damage}. Download it again or, if it looks "
        "right, save it anew"
    )


def no_picture(name: str, data: bytes) -> InputError:
    """Return the error for what cannot be decoded."""
    return InputError(
        f"cannot decode {name} ({len(data)} bytes): not an image, or of a kind that is not read "
        "here. Save it as JPEG or PNG"
    )


def is_truncated(data: bytes) -> bool:
    """Tell if a JPEG lacks its end-of-image marker or a PNG its last chunk.

    Decoders fill missing parts with gray and at most print a warning. For other formats the result
    is False.
    """
    if data.startswith(_JPEG_START):
        return not _jpeg_ends(data)
    if data.startswith(PNG_START):
        return not any(kind == b"IEND" for kind, _, _ in png_chunks(BytesIO(data)))
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
