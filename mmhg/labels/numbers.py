"""Take numbers from labels: finite ones, whether the file has them as numbers or as text."""

from __future__ import annotations

import math
import re
from typing import Any

from mmhg.errors import InputError

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)


def finite(value: Any, what: str) -> float:
    """Return a number.

    Args:
        value: A number, or text that is one.
        what: The file, the label and the number's name, for the error.

    Raises:
        InputError: It is no finite number.
    """
    number = math.nan
    if isinstance(value, str):
        number = float(value) if len(value) < 100 and _NUMBER.fullmatch(value) else math.nan
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    if not math.isfinite(number):
        raise InputError(f"{what} must be a number, got {shown(value)}")
    return number


def size(width: Any, height: Any, what: str) -> tuple[float, float]:
    """Return a picture's width and height in px, as a file states them.

    Raises:
        InputError: They are no numbers above 0.
    """
    sides = finite(width, f"{what}: width"), finite(height, f"{what}: height")
    if min(sides) <= 0:
        raise InputError(f"{what}: width and height must be above 0, got {sides[0]} x {sides[1]}")
    return sides


def shown(value: Any) -> str:
    """Return what a message says of a value: of long lists and objects only their length."""
    if value is None:
        return "nothing"
    if isinstance(value, list) and len(value) <= 4 and not any(map(_is_container, value)):
        return f"[{', '.join(map(shown, value))}]"
    if _is_container(value):
        return f"a {'list' if isinstance(value, list | tuple) else 'mapping'} of {len(value)}"
    try:
        return f"{value!r:.60}"
    except ValueError:  # digits that Python does not write out
        return "a huge number"


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list | tuple | set)
