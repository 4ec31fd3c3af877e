"""Write an image smaller, or a part of it."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import cv2
import numpy as np

from mmhg.datasets.shrink_annotations import UNCHANGED, Placement
from mmhg.datasets.transforms.loading import ITS_PATH, LoadWholeImage
from mmhg.errors import InputError
from mmhg.pictures import check_regular

_WORTHWHILE = 0.9
"""Images that would keep more than this of their sides are copied: each resampling blurs."""

_JPEG_SUFFIXES = (".jpg", ".jpeg")

Window = tuple[float, float, float, float]
"""Left, top, right and bottom edge of the part of an image that stays, in px."""

WHOLE: Window = (0, 0, math.inf, math.inf)


def shrink_image(source: Path, target: Path, factor: float, quality: int = 90) -> Placement:
    """Write an image at `factor` of its size, or a little more; return what became of it.

    Raises:
        InputError: Names the file, which is missing, damaged or of an unknown kind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if factor > _WORTHWHILE:
        try:
            check_regular(str(source))
            shutil.copyfile(source, target)
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"cannot copy {source} to {target}: {reason}") from error
        return UNCHANGED
    return crop_image(source, target, WHOLE, factor, None, quality)


def crop_image(
    source: Path,
    target: Path,
    window: Window,
    factor: float,
    longest: int | None,
    quality: int = 90,
) -> Placement:
    """Write the part of an image in a window, at `factor` of its size or as `longest` allows.

    Args:
        source: The image.
        target: The copy.
        window: Is cut to the image.
        factor: New px per old px, or a little more; above 0.9 all pixels stay.
        longest: Largest side of the copy in px; None sets no bound.
        quality: Of JPEGs.

    Raises:
        InputError: Names the file, which is missing, damaged or of an unknown kind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    image = _load(source)
    left, top = max(math.floor(window[0]), 0), max(math.floor(window[1]), 0)
    right = math.ceil(min(window[2], image.shape[1]))
    bottom = math.ceil(min(window[3], image.shape[0]))
    if left >= right or top >= bottom:  # a box outside of the image
        left, top, right, bottom = 0, 0, image.shape[1], image.shape[0]
    image = image[top:bottom, left:right]
    height, width = image.shape[:2]
    size = width, height
    bound = longest / max(size) if longest else 1.0
    if bound < min(factor, 1.0):
        size = round(width * bound), round(height * bound)
    elif factor <= _WORTHWHILE:
        size = reduced_size(size, factor)
    if size != (width, height):
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    try:
        data = cv2.imencode(
            source.suffix, image, settings if source.suffix.lower() in _JPEG_SUFFIXES else []
        )[1]
    except cv2.error as error:
        raise InputError(f"image {source}: OpenCV cannot write {source.suffix} files") from error
    target.write_bytes(data.tobytes())
    return Placement(size[0] / width, size[1] / height, left, top, size)


def _load(source: Path) -> np.ndarray:
    """Load an image (H, W, 3) uint8; refuse one that its copy would have less of."""
    image = LoadWholeImage().read(str(source), way_out=ITS_PATH)
    if image.dtype != np.uint8 or image.shape[2:] not in ((), (3,)):
        raise InputError(
            f"image {source} is {image.dtype}, of shape {image.shape}. Copies have 8 bits and one "
            "or three channels, which would lose some of it. Train on the images as they are"
        )
    return image


def reduced_size(size: tuple[int, int], factor: float) -> tuple[int, int]:
    """Return at least `factor` of a width and height, rounded so that the shape changes least."""
    width, height = size
    first = math.ceil(width * factor - 1e-6)
    choices = [
        (wide, max(round(height * wide / width), math.ceil(height * factor - 1e-6)))
        for wide in range(first, min(first + 16, width) + 1)
    ]
    return min(choices, key=lambda choice: abs(choice[1] * width / (choice[0] * height) - 1))
