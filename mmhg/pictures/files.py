"""Read a picture's file, and nothing that only looks like one."""

from __future__ import annotations

import os
import stat

from mmengine import fileio

from mmhg.errors import InputError
from mmhg.pictures.header import MAX_PIXELS

_BYTES_PER_PIXEL = 8
"""Four channels of 16 bits: no file of a picture needs more."""

_ROOM = 64_000_000
"""Bytes of a file for other things than pixels."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def check_regular(path: str) -> None:
    """Refuse what is not a file: reading a pipe or a device could wait or go on forever.

    Raises:
        OSError: There is no such file, or it is not one.
    """
    if "\0" in path:
        raise OSError("its name has a NUL character")
    mode = os.stat(path).st_mode
    for is_kind, name in _KINDS:
        if is_kind(mode):
            raise OSError(f"it is {name}")


def read_picture_file(
    path: str, *, way_out: str, max_pixels: int = MAX_PIXELS, backend_args: dict | None = None
) -> bytes:
    """Read a whole file.

    Args:
        path: The file, or an address that mmengine's file backends know.
        way_out: What to check where it cannot be read, for messages.
        max_pixels: A file that is too large for a picture of so many pixels is refused.
        backend_args: Of mmengine's file backend.

    Raises:
        InputError: It cannot be read, or is empty or too large; names the file.
    """
    try:
        if backend_args or "://" in path:
            data: bytes = fileio.get(path, backend_args=backend_args)
        else:
            data = _read(path, max_pixels * _BYTES_PER_PIXEL + _ROOM)
    except OSError as error:
        shown = path.replace("\0", "\\0")
        raise InputError(
            f"cannot read image {shown} ({error.strerror or error}). Check {way_out}"
        ) from error
    if not data:
        raise InputError(f"image {path} is empty (0 bytes). Download it again")
    return data


def _read(path: str, most: int) -> bytes:
    check_regular(path)
    # Whatever takes the file's place meanwhile is not waited for.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if size > most:
            raise OSError(f"it has {size:,} bytes, more than a picture can have")
        return file.read(size)
