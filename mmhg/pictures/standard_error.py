"""Hear what C libraries print to standard error: libjpeg tells of damage in no other way."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

_DECODERS = re.compile(
    rb"\[ ?(?:ERROR|WARN|INFO)|libpng|TIFF|OpenCV|Corrupt JPEG|Premature end|Invalid|Inconsistent|"
    rb"Unsupported|Unknown|Warning: unknown JFIF|\s*$"
)
"""Beginnings of lines that decoders print. Others come from elsewhere, and are passed on."""

_MOST = 1 << 16
"""Bytes that are kept of what is heard."""


class StandardError:
    """The process's standard error, which several threads may listen to at once.

    It is redirected while at least one listens. What is heard then may be due to any of them; a
    thread that must know listens alone. Without Linux's `memfd_create`, or with standard error
    closed, nothing is heard.
    """

    def __init__(self) -> None:
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    @contextmanager
    def listen(self, *, alone: bool = False) -> Iterator[Callable[[], bytes]]:
        """Listen in a `with` block, which gives a function that returns what was heard in it."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._alone or (alone and self._listeners)))
            self._alone = alone
            self._listeners += 1
            if self._listeners == 1:
                self._redirect()
            start = self._position()
        try:
            yield lambda: self._heard(start)
        finally:
            with self._changed:
                self._listeners -= 1
                self._alone = self._alone and not alone
                if not self._listeners:
                    self._restore()
                self._changed.notify_all()

    def _reset(self) -> None:
        self._changed = Condition()
        self._listeners = 0
        self._alone = False
        self._file: int | None = None
        self._saved: int | None = None

    def _after_fork(self) -> None:
        """Begin anew in a child process, whose other threads are gone."""
        if self._saved is not None:
            os.dup2(self._saved, 2)
        self._reset()

    def _redirect(self) -> None:
        if not hasattr(os, "memfd_create"):
            return
        try:
            self._saved = os.dup(2)
        except OSError:
            return
        self._file = os.memfd_create("stderr")
        os.dup2(self._file, 2)

    def _restore(self) -> None:
        if self._saved is None or self._file is None:
            return
        os.dup2(self._saved, 2)
        lines = self._heard(0).splitlines(keepends=True)
        if others := b"".join(line for line in lines if not _DECODERS.match(line)):
            os.write(self._saved, others)
        os.close(self._saved)
        os.close(self._file)
        self._saved = self._file = None

    def _position(self) -> int:
        return 0 if self._file is None else os.lseek(self._file, 0, os.SEEK_CUR)

    def _heard(self, start: int) -> bytes:
        return b"" if self._file is None else os.pread(self._file, _MOST, start)


STANDARD_ERROR = StandardError()
