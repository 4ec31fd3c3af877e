"""Tables of scores: plain text, Markdown and LaTeX by tabulate, CSV by the standard library."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

from tabulate import tabulate

TableFormat = Literal["plain", "markdown", "latex", "csv"]

_STYLES = {"plain": "simple", "markdown": "pipe", "latex": "latex_booktabs"}


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], style: TableFormat = "plain"
) -> str:
    """Lay out rows of texts under a header, without a line break at the end.

    Args:
        header: One text per column. The first column is aligned to the left, the others, which are
            numbers, to the right.
        rows: As many texts per row; numbers are formatted by the caller, so that they stay as
            they are.
        style: Which kind of table.
    """
    if style == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        return text.getvalue().rstrip("\n")
    return tabulate(
        rows,
        header,
        tablefmt=_STYLES[style],
        disable_numparse=True,
        colalign=("left", *["right"] * (len(header) - 1)),
    )
