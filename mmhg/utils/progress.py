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


def with_progress(
    items: Iterable[Item], total: int, label: str, *, delay: float = 0.0
) -> Iterator[Item]:
    """Yield `items`, and report on standard error how many of `total` are done.

    Args:
        items: What is worked on.
        total: Their number.
        label: Name of the work.
        delay: Seconds before the first report, so that short work has none.
    """
    start = time.monotonic()
    items, done = iter(items), 0
    while delay and time.monotonic() - start < delay:
        try:
            item = next(items)
        except StopIteration:
            return
        yield item
        done += 1
    if sys.stderr.isatty():
        console = Console(stderr=True)
        yield from track(items, label, total=total, completed=done, console=console)
        return
    step = max(1, total // LINES)
    for item in items:
        yield item
        done += 1
        if done % step == 0 or done == total:
            left = (time.monotonic() - start) / done * (total - done)
            print(
                f"{label}: {done} of {total}, about {left:.0f} s left", file=sys.stderr, flush=True
            )
