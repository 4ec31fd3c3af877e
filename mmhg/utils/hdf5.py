"""Read HDF5 files of others, so that whatever they do to HDF5's library becomes a sentence."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np

from mmhg.errors import InputError
from mmhg.utils import hdf5_child

_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
"""One thread, since each takes address space; and no module from beside the script."""

_PATIENCE = 120
"""Seconds that a file may take on a slow disk. The time of the CPU is limited to less."""


_START = b"\x89HDF\r\n\x1a\n"


def read_hdf5(
    path: str | Path, names: Collection[str], name: str | Path | None = None
) -> dict[str, np.ndarray]:
    """Read datasets and attributes, those that there are, in a process of its own.

    Args:
        path: The file.
        names: Datasets (`preds`, `group/preds`), some rows of one (`preds[10:20]`), or attributes
            of a group or dataset (`group@version`).
        name: The file's name in errors, if another than `path`.

    Returns:
        Arrays by name as it was asked for; texts are bytes, and so are lists of bytes. Tables of
        numbers have numpy's structured types.

    Raises:
        InputError: The file is damaged, has none of them, or one that is not plain numbers or
            texts, lies in another file, or is too large for the file.
    """
    name = path if name is None else name
    command = [sys.executable, hdf5_child.__file__, str(Path(path).absolute()), *names]
    try:
        found = subprocess.run(
            command,
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        if found.returncode == 0 and not found.stdout.startswith(b"!"):
            with np.load(io.BytesIO(found.stdout), allow_pickle=False) as arrays:  # noqa: TID251
                return dict(arrays)
        reason = found.stdout[1:].decode(errors="replace") or _end(found.returncode)
    except subprocess.TimeoutExpired:
        reason = f"it takes longer than {_PATIENCE} s"
    except (OSError, ValueError) as error:
        reason = str(error)
    raise InputError(f"{name} is not an HDF5 file that can be read: {reason}")


def is_hdf5(path: str | Path) -> bool:
    """Tell if a file begins as HDF5 files do.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        return file.read(len(_START)) == _START


def _end(status: int) -> str:
    """Say how the process ended."""
    if status == -getattr(signal, "SIGXCPU", 0):
        return f"it takes longer than {hdf5_child.SECONDS} s"
    return f"HDF5's library fails on it, with status {status}"
