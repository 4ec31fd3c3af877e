"""Read the files that are named on standard input, one after the other, within limits.

Lines are `TARGET<tab>FILE`; the answers are `result`, `refused`, or `failure <tab> what it was`.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import TextIO

MEMORY = 4 << 30
"""Bytes of address space beyond that of the start."""

SECONDS = 10
"""Time of the CPU for one file. After it the process is ended by SIGPROF."""


def answer(target_name: str, path: Path) -> str:
    """Read a file, and say what came of it."""
    from fuzz.targets import TARGETS
    from mmhg.errors import InputError

    target = TARGETS[target_name]
    try:
        target.read(path)
    except (InputError, *target.own_errors) as error:
        return "refused" if str(error) else "failure\tan error without a word"
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "/mmhg/" in frame.filename] or frames
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        return f"failure\t{type(error).__name__} at {place}: {str(error)[:100]!r}"
    return "result"


def limit() -> None:
    """Limit the process's memory."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer until the input ends."""
    answers: TextIO = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    warnings.simplefilter("ignore")
    import fuzz.targets  # noqa: F401  takes seconds, which do not count

    limit()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        target, _, path = line.rstrip("\n").partition("\t")
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        found = answer(target, Path(path))
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(found.replace("\n", " "), file=answers, flush=True)


if __name__ == "__main__":
    main()
