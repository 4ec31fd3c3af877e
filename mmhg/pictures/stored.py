"""Read pictures with the channels and bits that they are stored with.

Shape shorthand in this module: H x W px, C channels.
"""

from __future__ import annotations

from io import BytesIO
from math import prod

import cv2
import numpy as np
from PIL import Image

from mmhg.errors import InputError
from mmhg.pictures.decoding import (
    damaged,
    decode_picture,
    hear_damage,
    is_truncated,
    no_picture,
    upright,
)
from mmhg.pictures.header import MAX_PIXELS, PNG_START, Header, check_pixels, read_header

NPY_START = b"\x93NUMPY"
_NUMBERS = "uif"
"""Kinds of numpy's numbers: without sign, with sign, floating-point."""

_MOST_CHANNELS = 512
"""OpenCV's limit."""

_VALUES = 8
"""Of all pages of a TIFF together, per pixel of the largest picture."""

_DEEP_KINDS = ("PNG", "TIFF", "PPM")
"""Formats whose 16 bits are kept. Others come in 8, scaled by their decoder."""

_PNG_DEPTH, _PNG_COLOR = 24, 25
"""Positions of the bits of a channel and the kind of color in a PNG."""

_PNG_GRAY_ALPHA = 4

_WITH_ALPHA = ("RGBA", "RGBa", "RGBX")
"""Pillow's modes of a TIFF of 8 bits whose color OpenCV would multiply by the fourth channel."""

_PLAIN = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
"""Without alpha. EXIF's orientation, which some versions of OpenCV leave, is applied here."""


def is_deep(data: bytes, header: Header | None) -> bool:
    """Tell if a file may have more than 8 bits a channel that would be kept."""
    if data.startswith(NPY_START):
        return True
    if header is None or header.kind not in _DEEP_KINDS:
        return False
    return header.kind != "PNG" or data[_PNG_DEPTH] == 16


def decode_stored(
    data: bytes,
    name: str,
    *,
    channels: int = 3,
    turn: bool = True,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """Decode a picture without changing its values.

    - For 1 and 3 channels alpha is dropped, and a palette or CMYK becomes color. Color comes as
      blue, green, red.
    - Other numbers of channels come in the order of the file: a PNG or TIFF with alpha has 2 or 4,
      a TIFF of several gray pages one from each, an array in a `.npy` file any number.

    EXIF's orientation is applied, as `decode_picture` does.

    Args:
        data: The file.
        name: Of the picture, for messages.
        channels: That are wanted.
        turn: Apply EXIF's orientation. OpenCV applies that of a TIFF in any case.
        max_pixels: Largest width x height.

    Returns:
        (H, W) or (H, W, C) of the file's numbers, which `to_channels` and `to_bytes` bring to what
        a network takes.

    Raises:
        InputError: It is cut off, damaged, too large or no picture.
    """
    if data.startswith(NPY_START):
        array = read_npy(data, name, max_pixels)
        color = array.ndim == 3 and array.shape[2] == 3 and channels in (1, 3)
        return np.ascontiguousarray(array[..., ::-1]) if color else array
    header = read_header(data, name, max_pixels)
    plain = channels in (1, 3)
    if plain and not is_deep(data, header):
        flag = "color" if turn else "color_ignore_orientation"
        return decode_picture(data, name, flag=flag, max_pixels=max_pixels)
    if is_truncated(data):
        raise InputError(f"{name} is truncated ({len(data)} bytes). Download or save it again")
    if header is None:
        raise no_picture(name, data)
    pages, mode = _look_into_tiff(data, name, max_pixels) if header.kind == "TIFF" else (1, "")
    try:
        image, damage = hear_damage(lambda: _decode(data, name, plain, pages, mode))
    except cv2.error as error:
        raise InputError(f"cannot decode {name}: {' '.join(str(error).split())}") from error
    if image is None:
        raise no_picture(name, data)
    if damage:
        raise damaged(name, damage)
    if not plain and pages == 1 and mode not in _WITH_ALPHA:
        image = _in_the_files_order(image, data, channels)
    # OpenCV turns a TIFF by itself.
    return upright(image, header.orientation) if turn and header.kind != "TIFF" else image


def _decode(data: bytes, name: str, plain: bool, pages: int, mode: str) -> np.ndarray | None:
    """Decode a picture, all pages of a TIFF if it is not `plain`."""
    buffer = np.frombuffer(data, np.uint8)
    if not plain and pages > 1:
        return _decode_pages(buffer, pages, name)
    if mode in _WITH_ALPHA:
        image = _by_pillow(data, name)
        return np.ascontiguousarray(image[..., 2::-1]) if plain else image
    return cv2.imdecode(buffer, _PLAIN if plain else cv2.IMREAD_UNCHANGED)


def _look_into_tiff(data: bytes, name: str, max_pixels: int) -> tuple[int, str]:
    """Count a TIFF's pages, none of them too large, and return Pillow's mode of the first."""
    number = 0
    try:
        with Image.open(BytesIO(data), formats=["TIFF"]) as image:
            mode = image.mode
            number = min(getattr(image, "n_frames", 1), _MOST_CHANNELS + 1)
            sizes = []
            for page in range(number):
                image.seek(page)
                sizes.append(image.size)
    except Exception as error:  # Pillow's plugins raise what their parsers meet
        raise InputError(f"{name}, page {number}: {error}. It is damaged") from error
    if number > _MOST_CHANNELS:
        raise InputError(f"{name} has more than {_MOST_CHANNELS} pages")
    for width, height in sizes:
        check_pixels(name, width, height, max_pixels)
    # As many values as a large color picture of 16 bits has bytes.
    check_pixels(name, sizes[0][0], sum(height for _, height in sizes), _VALUES * max_pixels)
    return number, mode


def _by_pillow(data: bytes, name: str) -> np.ndarray:
    """Decode a TIFF's first page by Pillow, which turns it as EXIF says."""
    try:
        with Image.open(BytesIO(data), formats=["TIFF"]) as image:
            image.load()
            return np.array(image)
    except Exception as error:  # Pillow's plugins raise what their parsers meet
        raise InputError(f"cannot decode {name}: {error}. It is damaged") from error


def _decode_pages(buffer: np.ndarray, number: int, name: str) -> np.ndarray | None:
    """Decode the gray pages of a TIFF, (H, W, number)."""
    _, pages = cv2.imdecodemulti(buffer, cv2.IMREAD_UNCHANGED)
    if len(pages) != number:
        return None
    if len({(page.shape, page.dtype) for page in pages}) > 1 or pages[0].ndim != 2:
        raise InputError(
            f"{name} has {number} pages that are no channels of one picture: they must be gray and "
            "alike in size and bits"
        )
    return np.dstack(pages)


def _in_the_files_order(image: np.ndarray, data: bytes, channels: int) -> np.ndarray:
    """Undo OpenCV's order of a color picture's channels, and its color of a gray one's."""
    if image.ndim == 2 or image.shape[2] < 3:
        return image
    if data.startswith(PNG_START) and data[_PNG_COLOR] == _PNG_GRAY_ALPHA and channels == 2:
        return np.ascontiguousarray(image[..., 2:])
    return np.ascontiguousarray(image[..., [2, 1, 0, 3][: image.shape[2]]])


def read_npy(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read an array (H, W) or (H, W, C) of numbers from a `.npy` file. Nothing in it is run.

    Raises:
        InputError: It is damaged, too large, or no such array.
    """
    file = BytesIO(data)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        shape, in_columns, dtype = readers[np.lib.format.read_magic(file)](file)
    except Exception as error:  # numpy's parser raises what it meets
        raise InputError(
            f"cannot read {name}: it is no .npy file of numbers, or damaged"
        ) from error
    if dtype.kind not in _NUMBERS or len(shape) not in (2, 3) or min(shape) < 1:
        raise InputError(
            f"{name} holds an array of {dtype} and shape {shape}. A picture is (height, width) or "
            "(height, width, channels) of numbers"
        )
    if len(shape) == 3 and shape[2] > _MOST_CHANNELS:
        raise InputError(
            f"{name} holds an array of shape {shape}, that is of {shape[2]} channels. A picture is "
            "(height, width, channels); np.moveaxis puts the channels there"
        )
    check_pixels(name, shape[1], shape[0], max_pixels)
    count, start = prod(shape), file.tell()
    if len(data) - start < count * dtype.itemsize:
        raise InputError(f"{name} is truncated ({len(data)} bytes). Download or save it again")
    flat: np.ndarray = np.frombuffer(data, dtype, count, start)
    array = flat.reshape(shape, order="F" if in_columns else "C")
    return np.ascontiguousarray(array, dtype.newbyteorder("="))
