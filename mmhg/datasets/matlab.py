"""Writing MATLAB structs as scipy shows them when it reads: object arrays with named fields."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat


def struct(rows: Sequence[dict[str, Any]]) -> np.ndarray:
    """A MATLAB struct array (1, N) with the fields of its first row."""
    array = np.empty((1, len(rows)), dtype=[(name, object) for name in rows[0]])
    for column, row in enumerate(rows):
        array[0, column] = tuple(row.values())
    return array


def write_mat(path: Path, variables: dict[str, Any]) -> None:
    """Write a MATLAB file (version 7) whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        savemat(file, variables, oned_as="row", do_compression=True)
    os.replace(partial, path)
