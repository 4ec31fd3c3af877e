"""Pictures from anywhere: opened without waiting, measured before memory is taken, upright."""

from mmhg.pictures.decoding import decode_picture, is_truncated
from mmhg.pictures.files import read_picture_file
from mmhg.pictures.header import MAX_PIXELS, Header, read_header
from mmhg.pictures.warp import warp_affine

__all__ = [
    "MAX_PIXELS",
    "Header",
    "decode_picture",
    "is_truncated",
    "read_header",
    "read_picture_file",
    "warp_affine",
]
