"""Read the tables in which DeepLabCut has its labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmhg.datasets.deeplabcut_h5 import read_h5_table
from mmhg.errors import InputError
from mmhg.utils.csv_file import number, read_csv

Column = tuple[str, str, str]
"""Individual (empty in single-animal projects), body part, and `x` or `y`."""

Animals = dict[str, np.ndarray]
"""Keypoints (K, 2) px of each individual, NaN where not labeled."""


def read_labels(file: Path) -> tuple[list[str], dict[str, Animals]]:
    """Read the body parts, and the animals of each frame, of a `CollectedData_*.csv` or `.h5`.

    A CSV file may have been saved by a spreadsheet (`mmhg.utils.csv_file`).

    Raises:
        InputError: The file cannot be read or has another form.
    """
    table = read_h5_table(file) if file.suffix == ".h5" else read_csv(file)
    header = {row[0].lower(): row for row in table.rows[:4] if row[0].lower() in _HEADER}
    if not {"scorer", "bodyparts", "coords"} <= header.keys():
        raise InputError(
            f"{file} must begin with the rows scorer, bodyparts and coords, its cells separated by "
            "commas, semicolons or tabs"
        )
    if len({len(row) for row in header.values()}) > 1:
        lengths = ", ".join(f"{name} {len(row)}" for name, row in header.items())
        raise InputError(f"{file}: its first rows must be equally long, got cells: {lengths}")
    # DeepLabCut writes an image's path in one cell or, in later versions, in three.
    first = next((i for i, cell in enumerate(header["scorer"]) if i and cell), 1)
    individuals = header.get("individuals", [""] * len(header["coords"]))
    axes = [axis.lower() for axis in header["coords"]]
    columns = list(zip(individuals, header["bodyparts"], axes, strict=True))[first:]
    names = list(dict.fromkeys(part for _, part, _ in columns))
    rows = table.rows[len(header) :]
    decimal_comma = table.decimal_comma(cell for row in rows for cell in row[first:])
    frames: dict[str, Animals] = {}
    for row in rows:
        frame = "/".join(cell for cell in row[:first] if cell).replace("\\", "/")
        if frame in frames:
            raise InputError(f"{file} has the frame {frame!r} twice")
        frames[frame] = _animals(f"{file}: {frame}", columns, row[first:], names, decimal_comma)
    return names, frames


_HEADER = ("scorer", "individuals", "bodyparts", "coords")


def _animals(
    where: str, columns: list[Column], cells: list[str], names: list[str], decimal_comma: bool
) -> Animals:
    """Return the keypoints in a row's cells."""
    animals = {who: np.full((len(names), 2), np.nan) for who, _, _ in columns}
    try:
        for (who, part, axis), cell in zip(columns, cells, strict=True):
            if axis not in ("x", "y"):
                raise ValueError(f"coords has {axis!r}")
            animals[who][names.index(part), "xy".index(axis)] = number(
                cell, decimal_comma=decimal_comma
            )
    except ValueError as error:
        raise InputError(f"{where}: expected {len(columns)} numbers, x and y: {error}") from error
    for keypoints in animals.values():
        half = np.isfinite(keypoints).sum(axis=1) == 1
        if half.any():
            raise InputError(f"{where}: {names[half.argmax()]} has only one of x and y")
    return animals
