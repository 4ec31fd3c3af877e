"""Tables of scores in every format."""

import csv
import io
import math
from typing import get_args

import pytest

from mmhg.evaluation.protocols import PROTOCOLS
from mmhg.results.score_table import COLUMNS, ScoreRow, published_rows, score_table
from mmhg.utils.table import TableFormat

SCORES = {name: 10.0 + number / 8 for number, name in enumerate(COLUMNS)}
ROWS = [
    ScoreRow("a_b|c.h5", "official", "all", SCORES),
    ScoreRow("second", "hrnet", "visible", {**SCORES, "Head": math.nan}),
]


@pytest.mark.parametrize("style", get_args(TableFormat))
def test_every_format_has_every_score_in_order(style):
    lines = score_table(ROWS, style).splitlines()
    row = next(line for line in lines if "second" in line)
    texts = ["10.125", "10.25"] if style == "csv" else ["10.12", "10.25"]
    assert row.index("hrnet") < row.index("visible") < row.index(texts[0]) < row.index(texts[1])
    assert "nan" not in row
    heading = next(line for line in lines if "Shoulder" in line)
    assert [heading.index(column.replace("%", "")) for column in COLUMNS] == sorted(
        heading.index(column) for column in COLUMNS
    )


def test_csv_keeps_every_digit():
    text = score_table([ScoreRow("x", "official", "all", {**SCORES, "AUC": 1 / 3})], "csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert float(row["AUC"]) == 1 / 3
    assert row["name"] == "x"


def test_special_characters_are_escaped():
    assert r"| a_b\|c.h5 | official" in score_table(ROWS, "markdown")
    assert r"a\_b|c.h5 & official" in score_table(ROWS, "latex")


def test_published_rows_are_mpiis_and_name_protocol_and_source():
    rows = published_rows()
    assert all(row.source and row.protocol in PROTOCOLS for row in rows)
    assert all("PCKh@0.5" in row.scores and set(row.scores) <= set(COLUMNS) for row in rows)
    newell = {row.name: row for row in rows}["Newell et al., 8 stacks"]
    assert newell.scores["PCKh@0.5"] == 90.9
    assert newell.joints == "test, 256x256, flip"
