"""Read datasets of an HDF5 file, in a process of its own: HDF5's library crashes on damaged files.

`mmhg.utils.hdf5` starts it as `python hdf5_child.py FILE NAME...`, and reads an `.npz` from its
standard output, or a sentence that begins with `!`. It must not import mmhg, which takes seconds.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

ROOM = 64 << 20
RATIO = 50
"""A dataset may have `ROOM` bytes, and `RATIO` per byte of the file: compression and fill values
may make any size of a few bytes."""

MEMORY = 4 << 30
SECONDS = 6
"""Limits of the process: address space beyond that of its start in bytes, and time of the CPU."""


class RefusedError(Exception):
    """The file is refused. The message says why."""


def limit() -> None:
    """Limit memory and time, where the system can, and leave no core file."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY),
    ):
        try:
            resource.setrlimit(what, (most, most + 1))  # at the second limit no signal tells why
        except (OSError, ValueError):  # a lower limit is set already, or the system has none
            continue


def read(path: Path, names: list[str]) -> dict[str, Any]:
    """Read the named datasets of the file's root, those that there are.

    Raises:
        RefusedError: One is not plain numbers or texts, lies in another file, or is too large.
    """
    import h5py

    most = ROOM + RATIO * path.stat().st_size
    found = {}
    with h5py.File(path, "r") as file:  # noqa: TID251
        for name in names:
            link = file.get(name, getlink=True)
            if link is None:
                continue
            if not isinstance(link, h5py.HardLink):
                raise RefusedError(f"{name} is a link")
            dataset = file[name]
            if not isinstance(dataset, h5py.Dataset):
                raise RefusedError(f"{name} is no dataset")
            if dataset.is_virtual or dataset.external:
                raise RefusedError(f"{name} lies in another file")
            texts = h5py.check_string_dtype(dataset.dtype) is not None
            if not texts and dataset.dtype.kind not in "iuf":
                raise RefusedError(f"{name} has values of type {dataset.dtype}")
            size = dataset.size or 0
            if size * dataset.dtype.itemsize > most:
                raise RefusedError(
                    f"{name} of shape {dataset.shape} would take {size * dataset.dtype.itemsize:,} "
                    f"bytes, at most {most:,} are read from a file of this size"
                )
            values = dataset[()]
            found[name] = _of_one_length(name, values, most) if texts else values
        if not found:
            raise RefusedError(f"it has {sorted(file)[:10]}, none of {', '.join(names)}")
    return found


def _of_one_length(name: str, texts: Any, most: int) -> Any:
    """Turn texts of any lengths into an array of bytes."""
    import numpy as np

    if texts.dtype.kind == "S":
        return texts
    flat = [bytes(text) for text in texts.ravel()]
    if len(flat) * max(map(len, flat), default=0) > most:
        raise RefusedError(f"{name} has a text that is too long")
    return np.array(flat, dtype="S").reshape(texts.shape)


def main(path: str, *names: str) -> None:
    """Write what is read, or why nothing is."""
    limit()
    try:
        import numpy as np

        packed = io.BytesIO()
        np.savez(packed, **read(Path(path), list(names)))
        sys.stdout.buffer.write(packed.getvalue())
    except Exception as error:  # damaged bytes raise whatever they lead to
        sys.stdout.buffer.write(f"!{str(error) or type(error).__name__}".encode(errors="replace"))


if __name__ == "__main__":
    main(*sys.argv[1:])
