"""Write to a folder, to see whether checkpoints can be."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mmhg.errors import InputError


def check_writable(folder: Path) -> None:
    """Make a folder if there is none, and write and delete a small file in it.

    Raises:
        InputError: The system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=".preflight") as file:
            file.write(b"0" * 4096)
            file.flush()
    except OSError as error:
        raise InputError(
            f"checkpoints cannot be written to {folder}: {error.strerror or error}. Set work_dir "
            "(--work-dir) or default_hooks.checkpoint.out_dir to another folder"
        ) from error
