"""Read CSV files as spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmhg.errors import InputError

DELIMITERS = "\t;,"
"""In this order: where a first row has a semicolon, commas are those of numbers."""

_SPREADSHEETS_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""A first line by which Excel is told the delimiter."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
_UNKNOWN = ("", "nan")


@dataclass(frozen=True)
class CsvFile:
    """The cells of a file, without blank rows and without spaces around their text.

    Args:
        path: The file.
        delimiter: What separates its cells.
        rows: Its rows, which may differ in length. Columns that are empty in all of them are cut
            off at the right.
    """

    path: Path
    delimiter: str
    rows: list[list[str]]

    def decimal_comma(self, cells: Iterable[str]) -> bool:
        """Tell if numbers among these cells have a decimal comma.

        Raises:
            InputError: Some have a point and some a comma, or the comma may part thousands.
        """
        commas, points = [], []
        for cell in cells:
            if cell.count(",") == 1 and _NUMBER.fullmatch(cell.replace(",", ".")):
                commas.append(cell)
            elif "." in cell and _NUMBER.fullmatch(cell):
                points.append(cell)
        if not commas:
            return False
        if points:
            raise InputError(
                f"{self.path} has numbers with a decimal point ({points[0]}) and with a comma "
                f"({commas[0]}). Write all with a point"
            )
        if self.delimiter != ";" and all(_THOUSANDS.fullmatch(cell) for cell in commas):
            raise InputError(
                f"{self.path}: {commas[0]} may be {commas[0].replace(',', '')} or "
                f"{commas[0].replace(',', '.')}. Write it with a decimal point"
            )
        return True


def read_csv(path: Path) -> CsvFile:
    """Read a file in UTF-8, or in UTF-16 with a byte-order mark.

    Cells are separated by tabs if the first row has one, else by semicolons or by commas, or as a
    first line `sep=;` says. They may be quoted, rows may end in any line ending.

    Raises:
        InputError: The file cannot be read, or is no such file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not text in UTF-8 ({error}). Save it as 'CSV UTF-8'"
        ) from error
    if "\0" in text:
        raise InputError(f"{path} is not text in UTF-8: it has characters of code 0")
    text = text.lstrip("\r\n")
    if hint := _SPREADSHEETS_HINT.match(text):
        delimiter, text = hint[1], text[hint.end() :]
    else:
        delimiter = _delimiter(text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [[cell.strip() for cell in row] for row in reader]
    except csv.Error as error:
        raise InputError(f"{path} is not CSV: {error}") from error
    rows = [row for row in rows if any(row)]
    width = max((len(_without_empty_end(row)) for row in rows), default=0)
    return CsvFile(path, delimiter, [row[:width] for row in rows])


def number(cell: str, *, decimal_comma: bool = False) -> float:
    """Read a number; an empty cell and `nan` are NaN.

    Raises:
        ValueError: The cell has no finite number.
    """
    if cell.lower() in _UNKNOWN:
        return math.nan
    text = cell.replace(",", ".") if decimal_comma and cell.count(",") == 1 else cell
    if not _NUMBER.fullmatch(text) or not math.isfinite(value := float(text)):
        raise ValueError(f"{cell!r} is not a number")
    return value


def _delimiter(text: str) -> str:
    """Return the first delimiter that the first line has outside of quotes."""
    lines = re.sub(r'"[^"]*"', "quoted", text).splitlines()
    first = next((line for line in lines if line.strip()), "")
    return next((mark for mark in DELIMITERS if mark in first), ",")


def _without_empty_end(row: Sequence[str]) -> Sequence[str]:
    return row[: max((index + 1 for index, cell in enumerate(row) if cell), default=0)]
