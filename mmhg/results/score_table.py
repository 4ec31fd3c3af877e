"""Tables of scores: a row a prediction file, a column a group of joints."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from mmhg.results.published import read_published

COLUMNS = (
    "Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "UBody",
    "PCKh@0.5", "PCKh@0.1", "AUC",
)  # fmt: skip
"""Scores in the order of published tables, the total last."""

HEADINGS = ("", "protocol", "joints", *COLUMNS)


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Args:
        name: What was scored.
        protocol: Name of the protocol.
        joints: Which joints of the split count: 'all', 'visible' or 'occluded', or the split, input
            and testing of a published result.
        scores: By name of the column, in percent; a missing or undefined one is left empty.
        source: Where a published result stands, empty for our own.
    """

    name: str
    protocol: str
    joints: str
    scores: dict[str, float]
    source: str = ""

    def cells(self) -> list[str]:
        """The row as text, scores to a hundredth."""
        numbers = [self.scores.get(column, math.nan) for column in COLUMNS]
        texts = ["" if math.isnan(number) else f"{number:.2f}" for number in numbers]
        return [self.name, self.protocol, self.joints, *texts]


def published_rows() -> list[Row]:
    """The published MPII results that ship with the package; `source` says where they stand."""
    return [
        Row(
            name=result.name,
            protocol=result.protocol or "",
            joints=", ".join(filter(None, (result.split, result.size_text, result.testing))),
            scores={name: result.scores[name] for name in COLUMNS if name in result.scores},
            source=result.source,
        )
        for result in read_published()
        if result.dataset == "MPII"
    ]


def rich_table(rows: Sequence[Row]) -> str:
    """For a terminal, as wide as its content."""
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in COLUMNS else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row.cells())
    console = Console(width=400)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")


def markdown_table(rows: Sequence[Row]) -> str:
    """A GitHub table."""
    lines = [HEADINGS, ["---", "---", "---", *["---:"] * len(COLUMNS)]]
    lines += [[cell.replace("|", r"\|") for cell in row.cells()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def latex_table(rows: Sequence[Row]) -> str:
    """A `tabular` with booktabs' rules."""

    def line(cells: Sequence[str]) -> str:
        return " & ".join(_latex(cell) for cell in cells) + r" \\"

    return "\n".join(
        [
            rf"\begin{{tabular}}{{lll{'r' * len(COLUMNS)}}}",
            r"\toprule",
            line(HEADINGS),
            r"\midrule",
            *(line(row.cells()) for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def csv_table(rows: Sequence[Row]) -> str:
    """Comma-separated, scores in full."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["name", *HEADINGS[1:]])
    for row in rows:
        numbers = [row.scores.get(column, math.nan) for column in COLUMNS]
        writer.writerow(
            [row.name, row.protocol, row.joints]
            + ["" if math.isnan(number) else repr(number) for number in numbers]
        )
    return buffer.getvalue().rstrip("\n")


FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {
    "rich": rich_table,
    "markdown": markdown_table,
    "latex": latex_table,
    "csv": csv_table,
}


_LATEX = str.maketrans(
    {**{special: f"\\{special}" for special in "&%$#_{}"}, "\\": r"\textbackslash{}"}
)


def _latex(text: str) -> str:
    return text.translate(_LATEX)
