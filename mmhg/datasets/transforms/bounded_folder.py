"""A folder of files that many processes write to, and that never outgrows a bound."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

_LOCK = ".lock"
_TOTAL = ".total"
_PARTIAL = ".partial"


class BoundedFolder:
    """Files come into being whole or not at all, together at most `max_bytes`.

    Once that is reached, or writing fails, it takes no more files and the log says so, in the main
    process or in the first of the data loader's workers.

    Args:
        folder: Made when the first file is written.
        max_bytes: Of all files but the few bytes of its own.

    Attributes:
        open: Whether it takes more files, as far as this process knows.
    """

    def __init__(self, folder: Path, max_bytes: float) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.open = True

    def write(self, name: str, parts: Sequence[bytes | memoryview]) -> None:
        """Make or replace the file `name`; nothing is made if there is no room for it."""
        if not self.open:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / _LOCK):
                if not self._reserve(name, sum(memoryview(part).nbytes for part in parts)):
                    self._close(
                        f"holds {self.max_bytes:g} bytes, its max_bytes; delete what is old in it "
                        "or raise the bound"
                    )
                    return
                self._replace(name, parts)
        except OSError as error:
            self._close(f"cannot be written to ({error.strerror or error})")

    def _reserve(self, name: str, size: int) -> bool:
        """Count the file, before it is written: whatever fails then, the sum is not too small."""
        path = self.folder / name
        more = size - (path.stat().st_size if path.exists() else 0)
        total = self._counted() + more
        if total > self.max_bytes:
            total = self._recounted() + more
            if total > self.max_bytes:
                return False
        self._replace(_TOTAL, [str(total).encode()])
        return True

    def _counted(self) -> int:
        try:
            return int((self.folder / _TOTAL).read_bytes())
        except (FileNotFoundError, ValueError):
            return self._recounted()

    def _recounted(self) -> int:
        """Bytes of the files, once what processes left half-written has been removed."""
        total = 0
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(_PARTIAL):
                    os.unlink(entry)
                elif entry.name not in (_LOCK, _TOTAL):
                    total += entry.stat().st_size
        return total

    def _replace(self, name: str, parts: Sequence[bytes | memoryview]) -> None:
        partial = self.folder / (name + _PARTIAL)
        try:
            with partial.open("wb") as file:
                file.writelines(parts)
            os.replace(partial, self.folder / name)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise

    def _close(self, reason: str) -> None:
        self.open = False
        worker = get_worker_info()
        if worker is None or worker.id == 0:
            print_log(
                f"cache {self.folder} {reason}; going on with what is in it",
                logger="current",
                level=logging.WARNING,
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r}, max_bytes={self.max_bytes:g})"
