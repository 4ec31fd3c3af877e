"""Read JSON that users hand in, and write files that appear whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: The file cannot be read, or holds no JSON.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error


@contextmanager
def replacing(path: str | Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a path to write to, which becomes `path` when the block ends.

    If the block raises, `path` stays as it was and nothing else is left. The partial file has the
    same suffix, because writers of pictures and videos choose the format by it.

    Args:
        path: The file to write or to replace.
        durable: Wait until the content is on the disk before `path` is replaced, so that not even
            a machine that stops leaves half a file. That takes some milliseconds.

    Raises:
        InputError: The system refuses to write there.
    """
    path = Path(path)
    partial = partial_of(path)
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


def partial_of(path: Path) -> Path:
    """Return where `replacing` writes before it replaces `path`. A killed process leaves it."""
    return path.with_name(f".{path.stem}.partial{path.suffix}")


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
