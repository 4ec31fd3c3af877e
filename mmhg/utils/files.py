"""Read JSON that users hand in, and write files that appear whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError

DEEPEST_JSON = 64
"""Levels of nesting that are read. COCO's annotations have 6."""

_WRITINGS = count()

_LONGEST_NUMBER = 20
"""Characters of the longest whole numbers of 64 bits. Others are no number of any real file."""


def read_bytes(path: str | Path, name: str | Path | None = None) -> bytes:
    """Read a file whole.

    Args:
        path: The file.
        name: Its name in errors, if another than `path`.

    Raises:
        InputError: There is no such file, or it is a device or a pipe, which may have no end.
    """
    name = path if name is None else name
    try:
        path = Path(path)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InputError(f"cannot read {name}: it is a device or a pipe, not a file")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror or error}") from error
    except ValueError as error:  # a name with a character of code 0, or that is no Unicode
        raise InputError(f"cannot read {str(name)!r}: {error}") from error
    except MemoryError as error:
        raise InputError(f"cannot read {name}: there is not enough memory") from error


def read_json(path: str | Path, name: str | Path | None = None) -> Any:
    """Read a JSON file, in any encoding of Unicode, with or without a byte-order mark.

    Args:
        path: The file.
        name: Its name in errors, if another than `path`.

    Raises:
        InputError: The file cannot be read, holds no JSON, names something twice in an object, has
            a whole number of more than 64 bits, or is nested deeper than any real file.
    """
    name = path if name is None else name
    return parse_json(read_bytes(path, name), name)


def parse_json(data: bytes, name: str | Path) -> Any:
    """Read JSON as `read_json` does.

    Args:
        data: In any encoding of Unicode.
        name: What holds it, for errors.

    Raises:
        InputError: As of `read_json`.
    """
    try:
        content = json.loads(data, parse_int=_whole_number, object_pairs_hook=_object)
        if b"\\u" in data:  # half of a character, which no file's name and no output can have
            json.dumps(content, ensure_ascii=False).encode()
    except ValueError as error:
        raise InputError(f"{name} is not JSON: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise InputError(f"{name} is nested too deeply, or too large") from error
    if _is_deeper(content, DEEPEST_JSON):
        raise InputError(f"{name} is nested more than {DEEPEST_JSON} levels deep")
    return content


def _whole_number(digits: str) -> int:
    if len(digits) <= _LONGEST_NUMBER and -(2**63) <= (number := int(digits)) < 2**63:
        return number
    raise ValueError(f"a whole number of {len(digits)} digits is too large: {digits[:24]}...")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        raise ValueError(f"an object has the name {names.most_common(1)[0][0]!r} more than once")
    return found


def _is_deeper(content: Any, levels: int) -> bool:
    """Tell if lists and objects are nested in more than so many levels."""
    level = [content] if isinstance(content, dict | list) else []
    for _ in range(levels):
        level = [
            item
            for holder in level
            for item in (holder.values() if type(holder) is dict else holder)
            if type(item) is dict or type(item) is list
        ]
    return bool(level)


@contextmanager
def replacing(path: str | Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a path to write to, which becomes `path` when the block ends.

    If the block raises, `path` stays as it was and nothing else is left. The partial file has the
    same suffix, because writers of pictures and videos choose the format by it. A process that is
    killed leaves it behind (`leftovers`).

    Args:
        path: The file to write or to replace.
        durable: Wait until the content is on the disk before `path` is replaced, so that not even
            a machine that stops leaves half a file. That takes some milliseconds.

    Raises:
        InputError: The system refuses to write there.
    """
    path = Path(path)
    # No two writers share it: the processes of a training may write the same file at once.
    partial = path.with_name(f".{path.stem}.partial-{os.getpid()}-{next(_WRITINGS)}{path.suffix}")
    try:
        yield partial
        if durable:
            _to_disk(partial, os.O_RDWR)
        os.replace(partial, path)
        if durable and os.name == "posix":
            _to_disk(path.parent, os.O_RDONLY)
    except OSError as error:
        if error.filename is not None and str(error.filename) != str(partial):
            raise  # of another file
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def leftovers(folder: Path, pattern: str = "*") -> Iterator[Path]:
    """Yield what killed writings of files of this name have left in a folder."""
    path = Path(pattern)
    return folder.glob(f".{path.stem}.partial*{path.suffix}")


def _to_disk(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, UTF-8."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any, *, indent: int | None = 2) -> None:
    """Write a JSON file; numpy's numbers too. Those that are not finite become null."""
    write_text(path, json.dumps(without_nan(content), indent=indent) + "\n")


def without_nan(value: Any) -> Any:
    """Turn numpy's numbers into Python's, and those that are not finite into None, JSON's null."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
