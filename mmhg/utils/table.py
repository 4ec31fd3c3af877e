"""Lay out tables: plain text, Markdown and LaTeX by tabulate, CSV by the standard library."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

from tabulate import tabulate

TableFormat = Literal["plain", "markdown", "latex", "csv"]

_STYLES = {"plain": "simple", "markdown": "pipe", "latex": "latex_booktabs"}


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    style: TableFormat = "plain",
    *,
    text_columns: int = 1,
) -> str:
    """Lay out rows of texts under a header, without a line break at the end.

    Args:
        header: One text per column.
        rows: One text per column in each row. The caller formats numbers, and they stay as they
            are.
        style: The format of the table.
        text_columns: Number of first columns that are text, aligned to the left. The others are
            numbers, aligned to the right.
    """
    if style == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        return text.getvalue().rstrip("\n")
    if style == "markdown":
        header, *rows = [[cell.replace("|", r"\|") for cell in row] for row in (header, *rows)]
    return tabulate(
        rows,
        header,
        tablefmt=_STYLES[style],
        disable_numparse=True,
        colalign=["left"] * text_columns + ["right"] * (len(header) - text_columns),
    )
