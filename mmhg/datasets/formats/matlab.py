"""MATLAB files: reading with plain messages, and writing structs as scipy takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

from mmhg.datasets.formats.mat5 import Matrix, list_variables, read_variables
from mmhg.errors import InputError
from mmhg.utils.files import read_bytes, replacing


def read_mat(path: str | Path, variables: Collection[str], name: str | Path) -> dict[str, Matrix]:
    """Read a file's variables by their names; a struct is a dict. Those it lacks are left out.

    Args:
        path: The file to read.
        variables: The only variables that are read.
        name: The file's name in errors.

    Raises:
        InputError: The file is of MATLAB's version 7.3, damaged, or of another kind.
    """
    with _naming(name):
        return read_variables(read_bytes(path), variables)


def variables_of(path: str | Path, name: str | Path) -> list[str]:
    """List the names of a file's variables.

    Args:
        path: The file to read.
        name: The file's name in errors.

    Raises:
        InputError: As `read_mat`.
    """
    with _naming(name):
        return [variable for variable, _ in list_variables(read_bytes(path))]


@contextmanager
def _naming(name: str | Path) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{name} is not a MATLAB file that can be read: {error}") from error
    except MemoryError as error:
        raise InputError(f"{name} needs more memory than there is") from error


def struct(rows: Sequence[dict[str, Any]]) -> np.ndarray:
    """Make a MATLAB struct array (1, N) with the fields of its first row."""
    array = np.empty((1, len(rows)), dtype=[(name, object) for name in rows[0]])
    for column, row in enumerate(rows):
        array[0, column] = tuple(row.values())
    return array


def write_mat(path: Path, variables: dict[str, Any]) -> None:
    """Write a MATLAB file (version 7), completely or not at all."""
    with replacing(path) as partial, partial.open("wb") as file:
        savemat(file, variables, oned_as="row", do_compression=True)
