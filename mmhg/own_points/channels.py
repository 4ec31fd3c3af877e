"""Tell how many channels the pictures have."""

from __future__ import annotations

from collections.abc import Iterable

from mmhg.labels import LabeledImage
from mmhg.pictures import check_regular, read_header

GRAY, COLOR = 1, 3


def channels_of(images: Iterable[LabeledImage]) -> int:
    """Return 1 if all are files of one channel, else 3. Their headers tell.

    Frames of videos, and pictures that Pillow does not know, are taken to have colors.
    """
    return GRAY if all(map(_is_gray, images)) else COLOR


def _is_gray(image: LabeledImage) -> bool:
    if image.frame is not None or image.embedded:
        return False
    try:
        check_regular(str(image.path))
        with image.path.open("rb") as file:
            header = read_header(file, f"image {image.path}")
    except OSError:
        return False
    return header is not None and header.is_gray
