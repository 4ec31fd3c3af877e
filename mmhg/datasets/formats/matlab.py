"""MATLAB files: reading with plain messages, and writing structs as scipy shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat, savemat

from mmhg.errors import InputError
from mmhg.utils.files import replacing


def read_mat(path: str | Path, variable: str, name: str | Path) -> dict[str, Any]:
    """Read a file's variable by its name, structs as `mat_struct`; empty where the file lacks it.

    Args:
        path: The file to read.
        variable: The only variable that is read.
        name: The file's name in errors.

    Raises:
        InputError: The file is of MATLAB's version 7.3, damaged, or of another kind.
    """
    try:
        return loadmat(path, struct_as_record=False, variable_names=[variable])
    except NotImplementedError as error:  # scipy raises it for version 7.3
        raise InputError(f"{name} is a MATLAB file of version 7.3. Save it with -v7") from error
    except Exception as error:  # scipy raises whatever the damaged bytes lead to
        raise InputError(f"{name} is not a MATLAB file that can be read: {error}") from error


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
