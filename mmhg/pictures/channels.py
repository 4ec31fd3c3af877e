"""Channels and values of pictures: those of a file, those a network takes, those to be looked at.

Shape shorthand in this module: H x W px, C channels.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import cv2
import numpy as np

from mmhg.errors import InputError

ValueRange = tuple[float, float] | Literal["image"] | None
"""The values that become 0 and 255; `'image'` for the least and the largest of each picture. None
for 0 and 255 in pictures of 8 bits, 0 and 65535 in those of 16."""

BYTE, WORD = 255, 65_535
"""The largest values of 8 and 16 bits."""

_DARK = 8
"""Of a picture of 16 bits that uses less than an eighth of them, the range may be another."""

_told: set[str] = set()


def to_channels(image: np.ndarray, channels: int, name: str) -> np.ndarray:
    """Give a picture a number of channels.

    Three channels (blue, green, red) become one by the weights of luminance, 0.114, 0.587 and
    0.299; one becomes three equal ones. Nothing else is made up or left out.

    Args:
        image: (H, W) or (H, W, C).
        channels: That it must have.
        name: Of the picture, for messages.

    Returns:
        (H, W, channels) of the same type.

    Raises:
        InputError: It has another number of channels.
    """
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or not image.size:
        raise InputError(
            f"{name} must be (height, width) or (height, width, channels), got {image.shape}"
        )
    found = image.shape[2]
    if found == channels:
        return image
    if (found, channels) == (1, 3):
        return image.repeat(3, axis=2)
    if (found, channels) == (3, 1):
        return cv2.cvtColor(_for_opencv(image), cv2.COLOR_BGR2GRAY)[..., None]
    raise InputError(
        f"{name} has {found} channel{'s' * (found > 1)}, but pictures of {channels} are wanted. "
        "Set the config's channels (mmhg.config.with_channels) to those of the pictures. Which "
        "files can have several is in docs/pictures.md"
    )


def to_bytes(image: np.ndarray, value_range: ValueRange, name: str) -> np.ndarray:
    """Bring a picture's values to 0..255.

    Args:
        image: (H, W, C) of numbers.
        value_range: The values that become 0 and 255. What lies outside is cut off. The first may
            be the larger one, which gives the negative.
        name: Of the picture, for messages.

    Returns:
        (H, W, C): the same if it is of 8 bits and no range is set, float32 otherwise, so that no
        step of 16 bits is lost.

    Raises:
        InputError: The values have no usual range and none is set, or are not finite.

    Warns:
        UserWarning: Once, for a picture of 16 bits without a range that would be nearly black, and
            for one of 8 bits in a range of many more.
    """
    if value_range is None:
        if image.dtype == np.uint8:
            return image
        if image.dtype != np.uint16:
            raise InputError(
                f"{name} has values of the type {image.dtype}, which have no usual range. Set "
                "value_range of LoadWholeImage, (0, 4095) for example, or 'image' for the least "
                "and the largest of each picture"
            )
        _tell_if_dark(int(image.max()), name)
        value_range = 0, WORD
    elif value_range != "image" and image.dtype == np.uint8:
        _tell_if_narrow(value_range, name)
    values = image.astype(np.float32)
    if image.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError(f"{name} has values that are not finite. Replace them in the file")
    if value_range == "image":
        value_range = float(values.min()), float(values.max())
    low, high = value_range
    scale = BYTE / (high - low) if high != low else 0.0
    scaled: np.ndarray = ((values - np.float32(low)) * np.float32(scale)).clip(0, BYTE)
    return scaled


def displayable(image: np.ndarray, value_range: ValueRange = None) -> np.ndarray:
    """Make a picture (H, W) or (H, W, C) of any channels and numbers one to be looked at.

    Args:
        image: Of more than three channels the first three are shown as red, green and blue; of two
            the first one.
        value_range: As for `to_bytes`; None shows what is not of 8 bits from its least to its
            largest value.

    Returns:
        (H, W, 3) uint8, blue, green, red.
    """
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[2] > 3:
        image = image[..., 2::-1]
    elif image.shape[2] == 2:
        image = image[..., :1]
    if image.dtype != np.uint8:
        image = np.nan_to_num(image.astype(np.float32))
        image = np.rint(to_bytes(image, value_range or "image", "")).astype(np.uint8)
    return np.ascontiguousarray(to_channels(image, 3, ""))


def check_value_range(value_range: Any) -> ValueRange:
    """Return a setting as it is used.

    Raises:
        InputError: It is neither None, 'image', nor two different numbers.
    """
    if value_range is None or value_range == "image":
        found: ValueRange = value_range
        return found
    pair = isinstance(value_range, list | tuple) and len(value_range) == 2
    if pair and all(type(one) in (int, float) and np.isfinite(one) for one in value_range):
        low, high = value_range
        if low != high:
            return float(low), float(high)
    raise InputError(
        "value_range must be the two values that become 0 and 255, (0, 4095) for example, 'image' "
        f"or None, got {value_range!r}"
    )


def _tell_if_dark(largest: int, name: str) -> None:
    if largest >= WORD / _DARK or "dark" in _told:
        return
    _told.add("dark")
    bits = max(largest.bit_length(), 8)
    warnings.warn(
        f"{name} has 16 bits, but no value above {largest}: taken from 0 to {WORD} it is nearly "
        f"black. If all are like this one, set value_range=(0, {2**bits - 1}) of LoadWholeImage in "
        "each pipeline (mmhg.config.with_channels does), or 'image' for each picture's own range. "
        "This is said once",
        stacklevel=3,
    )


def _tell_if_narrow(value_range: tuple[float, float], name: str) -> None:
    low, high = value_range
    if abs(high - low) < _DARK * BYTE or "narrow" in _told:
        return
    _told.add("narrow")
    warnings.warn(
        f"{name} has 8 bits, but value_range of LoadWholeImage is ({low:g}, {high:g}): it is all "
        "nearly one shade. Give images of the bits that the network was trained on, or set "
        "value_range=None. This is said once",
        stacklevel=3,
    )


def _for_opencv(image: np.ndarray) -> np.ndarray:
    """Return a picture of a type that OpenCV's conversions take."""
    return image if image.dtype in (np.uint8, np.uint16) else image.astype(np.float32)
