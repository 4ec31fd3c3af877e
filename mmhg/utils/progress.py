"""Show progress and an estimate of the time left: a bar on a terminal, otherwise ten lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")
LINES = 10


def with_progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Yield `items`, and report on standard error how many of `total` are done."""
    if sys.stderr.isatty():
        yield from track(items, label, total=total, console=Console(stderr=True))
        return
    start = time.monotonic()
    step = max(1, total // LINES)
    for done, item in enumerate(items, 1):
        yield item
        if done % step == 0 or done == total:
            left = (time.monotonic() - start) / done * (total - done)
            print(
                f"{label}: {done} of {total}, about {left:.0f} s left", file=sys.stderr, flush=True
            )
