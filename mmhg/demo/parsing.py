"""Read the parts of a request, which anybody may have written."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from mmhg.demo.answers import Refusal
from mmhg.errors import InputError

_MOST_PX = 1e9
"""Largest coordinate of a box, far beyond any image."""

_MOST_DIGITS = 15
"""Of a length: more than any file has."""

MEGABYTE = 1_000_000


def split_address(address: str) -> SplitResult:
    """Split an address that a browser sent."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  raises for what is no number
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the request's address is malformed") from None
    return parts


def read_box(text: str) -> list[float]:
    """Parse left, top, right, bottom."""
    try:
        left, top, right, bottom = (float(side) for side in text.split(","))
        if not all(abs(side) <= _MOST_PX for side in (left, top, right, bottom)):  # nor nan
            raise ValueError
    except ValueError:
        raise InputError(
            f"a box is left,top,right,bottom in px, for example 10,20,110,220; got {text[:80]!r}"
        ) from None
    return [left, top, right, bottom]


def read_length(text: str, most: int) -> int:
    """Read the number of bytes that follow, at most `most`.

    Raises:
        Refusal: It is missing, or higher.
    """
    if not (text.isascii() and text.isdigit()):
        raise Refusal(HTTPStatus.LENGTH_REQUIRED, "the request needs a Content-Length header")
    digits = text.lstrip("0") or "0"
    long = len(digits) > _MOST_DIGITS  # Python converts no 5,000 digits
    if long or int(digits) > most:
        size = "far too many bytes" if long else megabytes(int(digits))
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"this file has {size}, the limit is {megabytes(most)}. Make the "
            "picture smaller, or start the page with a higher --max-upload",
        )
    return int(digits)


def is_local(host: str) -> bool:
    """Tell whether a name or an address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def megabytes(size: int) -> str:
    """Format a number of bytes in megabytes."""
    return f"{size / MEGABYTE:.3g} MB"
