"""Refuse pickles whose tuples would take hours to compare or hash.

A few hundred bytes can hold a tuple that has another one twice, which has another one twice, and so
on. As the key of a dict it is hashed part by part, though nothing else of the file is run.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mmhg.errors import InputError

_ROOM = 1000
"""Parts that a tuple may have beyond the number of the pickle's instructions so far, by which it
can have been written out."""

_PICKLES = 5
"""A file from before PyTorch 1.6 begins with so many."""


def check_tuples(path: Path) -> None:
    """Check the pickles of a PyTorch file. What is damaged is left to PyTorch.

    Raises:
        InputError: A tuple has far more parts than the file.
    """
    try:
        for stream in _streams(path):
            _check(stream)
    except InputError:
        raise
    except Exception:  # a damaged file may fail in any way
        return


def _streams(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        if file.read(4) != b"PK\3\4":
            file.seek(0)
            for _ in range(_PICKLES):
                yield file
            return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("data.pkl"):
                with archive.open(name) as member:
                    yield member


def _check(stream: IO[bytes]) -> None:
    """Follow a pickle's instructions with the numbers of parts in the place of its objects."""
    stack: list[int | None] = []  # None is a mark
    memo: dict[int, int | None] = {}
    for count, (code, argument, _) in enumerate(pickletools.genops(stream)):
        if "PUT" in code.name or code.name == "MEMOIZE":
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif "GET" in code.name:
            stack.append(memo[int(argument or 0)])
        elif code.name == "MARK":
            stack.append(None)
        elif code.name == "DUP":
            stack.append(stack[-1])
        else:
            taken = _take(stack, code)
            parts = 1 + sum(one or 0 for one in taken) if "TUPLE" in code.name else 1
            if parts > count + _ROOM:
                raise InputError("it has a tuple in a tuple, again and again: it would take hours")
            stack.extend([parts] * len(code.stack_after))


def _take(stack: list[int | None], code: pickletools.OpcodeInfo) -> list[int | None]:
    """Take from the stack what an instruction takes, and a mark with what lies on it."""
    taken: list[int | None] = []
    wanted = len(code.stack_before)
    if pickletools.markobject in code.stack_before:
        wanted = code.stack_before.index(pickletools.markobject)
        while (top := stack.pop()) is not None:
            taken.append(top)
    if wanted:
        taken += stack[-wanted:]
        del stack[-wanted:]
    return taken
