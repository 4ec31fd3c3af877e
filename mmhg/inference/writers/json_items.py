"""Write a JSON list item by item."""

from __future__ import annotations

import json
from typing import Any, TextIO


class JsonItems:
    """The items of a list, one per line; brackets are the caller's.

    Args:
        file: To write to.

    Attributes:
        count: Number of items so far.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.count = 0

    def add(self, item: Any) -> None:
        """Write an item; a number that is not finite is a ValueError, since JSON has none."""
        self._file.write(f"{',' if self.count else ''}\n{json.dumps(item, allow_nan=False)}")
        self.count += 1
