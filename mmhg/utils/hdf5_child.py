"""Read datasets of an HDF5 file, in a process of its own: HDF5's library crashes on damaged files.

`mmhg.utils.hdf5` starts it as `python hdf5_child.py FILE NAME...`, and reads an `.npz` from its
standard output, or a sentence that begins with `!`. It must not import mmhg, which takes seconds.
"""

from __future__ import annotations

import io
import math
import re
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
    """Read what there is of `names`, which `mmhg.utils.hdf5.read_hdf5` explains.

    Raises:
        RefusedError: One is not plain numbers or texts, lies in another file, or is too large.
    """
    import h5py

    most = ROOM + RATIO * path.stat().st_size
    found = {}
    with h5py.File(path, "r") as file:  # noqa: TID251
        for name in names:
            parts = _NAME.fullmatch(name)
            if parts is None:
                continue
            place, first, last, attribute = parts.groups()
            item = _item(file, place)
            if item is None or (attribute and attribute not in item.attrs):
                continue
            if attribute:
                found[name] = _values(name, item.attrs.get_id(attribute), (), most)
                continue
            if not isinstance(item, h5py.Dataset):
                raise RefusedError(f"{place} is no dataset")
            if item.is_virtual or item.external:
                raise RefusedError(f"{place} lies in another file")
            rows = slice(int(first), int(last)) if first and item.ndim else ()
            found[name] = _values(name, item, rows, most)
        if not found:
            raise RefusedError(f"it has {sorted(file)[:10]}, none of {', '.join(names)}")
    return found


_NAME = re.compile(r"(.+?)(?:\[(\d+):(\d+)\]|@(\w+))?")


def _item(file: Any, place: str) -> Any:
    """Return a dataset or a group, None if there is none. No link on the way is followed."""
    import h5py

    item = file
    for part in place.split("/"):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise RefusedError(f"{place} is a link")
        item = item[part]
    return item


def _values(name: str, source: Any, rows: Any, most: int) -> Any:
    """Read a dataset, or an attribute's low-level object, whose type and size are plain."""
    import h5py
    import numpy as np

    dtype: Any = source.dtype
    shape: tuple[int, ...] = source.shape or ()
    if rows:
        shape = (len(range(*rows.indices(shape[0]))), *shape[1:])
    lists = h5py.check_vlen_dtype(dtype) in (np.int8, np.uint8)  # of bytes: a picture's file
    texts = lists or h5py.check_string_dtype(dtype) is not None
    kinds = {dtype[field].base.kind for field in dtype.names or ()} or {dtype.kind}
    if not texts and not kinds <= set("iufbS"):
        raise RefusedError(f"{name} has values of type {dtype}")
    size = math.prod(shape) * dtype.itemsize
    if size > most:
        raise RefusedError(
            f"{name} of shape {shape} would take {size:,} bytes, at most {most:,} are read from a "
            "file of this size"
        )
    if isinstance(source, h5py.Dataset):
        values = source[rows]
    else:
        values = np.empty(shape, dtype)
        source.read(values)
    return _of_one_length(name, np.asarray(values), most) if texts else values


def _of_one_length(name: str, texts: Any, most: int) -> Any:
    """Turn texts of any lengths into an array of bytes."""
    import numpy as np

    if texts.dtype.kind == "S":
        return texts
    flat = [text.encode() if isinstance(text, str) else bytes(text) for text in texts.ravel()]
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
