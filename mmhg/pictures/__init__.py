"""Pictures from anywhere: opened without waiting, measured before memory is taken, upright."""

from mmhg.pictures.channels import displayable, to_bytes, to_channels
from mmhg.pictures.decoding import decode_picture, is_truncated
from mmhg.pictures.files import check_regular, read_picture_file
from mmhg.pictures.header import MAX_PIXELS, Header, check_pixels, read_header
from mmhg.pictures.stored import decode_stored
from mmhg.pictures.warp import warp_affine

__all__ = [
    "MAX_PIXELS",
    "Header",
    "check_pixels",
    "check_regular",
    "decode_picture",
    "decode_stored",
    "displayable",
    "is_truncated",
    "read_header",
    "read_picture_file",
    "to_bytes",
    "to_channels",
    "warp_affine",
]
