"""Read the table of DeepLabCut's `CollectedData_*.h5`, which pandas has written, without pandas.

pandas has two layouts. `fixed`, its default, holds each level of the rows' and columns' names as
texts, and indices into them. `table` holds the columns' names in a pickle. That is never loaded:
its instructions are followed here, as far as a list of texts needs them.
"""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.utils.csv_file import CsvFile
from mmhg.utils.hdf5 import read_hdf5

KEYS = ("df_with_missing", "keypoints")
"""Say what DeepLabCut, and its plugin for napari, call the table."""

HEADERS = {
    3: ("scorer", "bodyparts", "coords"),
    4: ("scorer", "individuals", "bodyparts", "coords"),
}
"""Say what the columns' names say, by their number of levels."""

_COLUMNS, _ROWS = "block0_items", "axis1"
"""Say what the layout `fixed` calls their names."""

_TABLE, _NAMES = "values_block_0", "table@values_block_0_kind"

Names = list[tuple[str, ...]]
"""A text of each level."""


def read_h5_table(file: Path) -> CsvFile:
    """Read the table as the cells that the CSV file beside it has.

    Raises:
        InputError: The file cannot be read, or has a form that only pandas reads.
    """
    parts = [
        *(_NAMES, "table", "block0_values", "block1_values", _ROWS, f"{_ROWS}@kind"),
        *(f"{axis}_level{level}" for axis in (_COLUMNS, _ROWS) for level in range(4)),
        *(f"{axis}_level{level}@kind" for axis in (_COLUMNS, _ROWS) for level in range(4)),
        *(f"{axis}_label{level}" for axis in (_COLUMNS, _ROWS) for level in range(4)),
    ]
    try:
        found = read_hdf5(file, [f"{key}/{part}" for key in KEYS for part in parts])
        key = next(key for key in KEYS if any(name.startswith(f"{key}/") for name in found))
        content = {name.partition("/")[2]: found[name] for name in found if name.startswith(key)}
        columns, rows, values = _of_table(content) if _NAMES in content else _of_fixed(content)
        if values.shape != (len(rows), len(columns)) or values.dtype.kind not in "iuf":
            raise ValueError(f"its values are {values.dtype} of shape {values.shape}")
        width = len(rows[0]) if rows else 1
        cells = [
            [name, *[""] * (width - 1), *texts]
            for name, texts in zip(
                HEADERS[len(columns[0])], zip(*columns, strict=True), strict=True
            )
        ]
        cells += [
            [*row, *map(repr, numbers)] for row, numbers in zip(rows, values.tolist(), strict=True)
        ]
    except InputError as error:
        raise InputError(f"{error}. {_WAY_OUT}") from error
    except Exception as error:  # whatever a damaged file or another form leads to
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            f"{file} has a form that only pandas reads ({reason:.200}). {_WAY_OUT}"
        ) from error
    return CsvFile(file, ",", cells)


_WAY_OUT = (
    "DeepLabCut writes a CSV file of the same name beside it. Put it back, or make one: "
    "pandas.read_hdf(FILE.h5).to_csv(FILE.csv)"
)


def _of_fixed(content: dict[str, Any]) -> tuple[Names, Names, np.ndarray]:
    """Return names of columns and rows, and values, of the layout `fixed`."""
    if "block1_values" in content:
        raise ValueError("it has columns of different types")
    if _ROWS in content:
        rows: Names = [(name,) for name in _texts(content, _ROWS)]
    else:
        rows = _levels(content, _ROWS)
    return _levels(content, _COLUMNS), rows, content["block0_values"]


def _of_table(content: dict[str, Any]) -> tuple[Names, Names, np.ndarray]:
    """Return names of columns and rows, and values, of the layout `table`."""
    table = content["table"]
    if set(table.dtype.names) != {"index", _TABLE} or table["index"].dtype.kind != "S":
        raise ValueError(f"its table has the fields {table.dtype}")
    rows: Names = [(name.decode(),) for name in table["index"].tolist()]
    return _pickled_texts(content[_NAMES].tolist()), rows, table[_TABLE]


def _levels(content: dict[str, Any], axis: str) -> Names:
    levels: list[list[str]] = []
    while f"{axis}_level{len(levels)}" in content:
        texts = _texts(content, f"{axis}_level{len(levels)}")
        indices = content[f"{axis}_label{len(levels)}"].tolist()
        if min(indices, default=0) < 0:
            raise ValueError("a name is missing")
        levels.append([texts[index] for index in indices])
    return list(zip(*levels, strict=True))


def _texts(content: dict[str, Any], name: str) -> list[str]:
    if content[f"{name}@kind"].tolist() != b"string":
        raise ValueError(f"its names are not texts but {content[f'{name}@kind'].tolist()!r}")
    return [text.decode() for text in content[name].tolist()]


def _pickled_texts(pickled: bytes) -> Names:
    """Follow the instructions of a pickle of protocol 0, which PyTables writes, of such a list."""
    mark = object()
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    for code, argument, _ in pickletools.genops(pickled):
        if code.name == "MARK":
            stack.append(mark)
        elif code.name in ("UNICODE", "STRING"):
            stack.append(argument)
        elif code.name in ("TUPLE", "LIST"):
            start = len(stack) - 1 - stack[::-1].index(mark)
            items = stack[start + 1 :]
            stack[start:] = [tuple(items) if code.name == "TUPLE" else items]
        elif code.name == "APPEND":
            item = stack.pop()
            stack[-1].append(item)
        elif code.name == "PUT":
            memo[argument] = stack[-1]
        elif code.name == "GET":
            stack.append(memo[argument])
        elif code.name != "STOP":
            raise ValueError(f"its columns' names are pickled, with {code.name}")
    (names,) = stack
    if not all(type(name) is tuple and all(type(text) is str for text in name) for name in names):
        raise ValueError("its columns' names are not texts")
    return list(names)
