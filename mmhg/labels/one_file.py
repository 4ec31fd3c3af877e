"""Find the one file of a folder that a tool has written."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

_MOST_FILES = 100
"""Files of a folder that are looked at."""


def one_file(path: Path, pattern: str, is_export: Callable[[Path], bool]) -> Path:
    """Return the only file of a folder that is an export; the path itself if there is none.

    Args:
        path: A folder, or a file, which is returned.
        pattern: Of the names of files.
        is_export: Tells by the beginning of a file.
    """
    if not os.path.isdir(path):
        return path
    try:
        found = [
            file for file in islice(sorted(path.glob(pattern)), _MOST_FILES) if is_export(file)
        ]
    except OSError:
        return path
    return found[0] if len(found) == 1 else path
