"""Tables of scores: one row per prediction file, one column per group of joints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmhg.results.published import read_published
from mmhg.utils.table import TableFormat, table

COLUMNS = (
    "Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "UBody",
    "PCKh@0.5", "PCKh@0.1", "AUC",
)  # fmt: skip
"""Scores in the order of published tables, the total last."""

HEADINGS = ("name", "protocol", "joints", *COLUMNS)


@dataclass(frozen=True)
class ScoreRow:
    """One line of a table.

    Args:
        name: The prediction file or the published network.
        protocol: Name of the protocol.
        joints: The joints that count: 'all', 'visible' or 'occluded'; or the split, input and
            testing of a published result.
        scores: By name of the column, in percent; a missing or undefined one is left empty.
        source: The source of a published result, empty for our own.
    """

    name: str
    protocol: str
    joints: str
    scores: dict[str, float]
    source: str = ""


def published_rows() -> list[ScoreRow]:
    """List the published MPII results of the package; with their sources."""
    return [
        ScoreRow(
            name=result.name,
            protocol=result.protocol or "",
            joints=", ".join(filter(None, (result.split, result.size_text, result.testing))),
            scores={name: result.scores[name] for name in COLUMNS if name in result.scores},
            source=result.source,
        )
        for result in read_published()
        if result.dataset == "MPII"
    ]


def score_table(rows: Sequence[ScoreRow], style: TableFormat = "plain") -> str:
    """Lay out scores to a hundredth, or in CSV with all digits."""
    spell = repr if style == "csv" else "{:.2f}".format
    lines = []
    for row in rows:
        numbers = [row.scores.get(column, math.nan) for column in COLUMNS]
        texts = ["" if math.isnan(number) else spell(number) for number in numbers]
        lines.append([row.name, row.protocol, row.joints, *texts])
    return table(HEADINGS, lines, style, text_columns=3)
