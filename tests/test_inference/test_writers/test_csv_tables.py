"""Tables that spreadsheets and pandas read back."""

import csv
import io
from collections.abc import Callable

from mmhg.inference.writers.csv_tables import LongCsv, WideCsv


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_wide_has_a_line_per_person(written: Callable[..., str]) -> None:
    sure, lost, framed = rows(written(WideCsv))
    assert (sure['left, "ear"_x'], sure['left, "ear"_score']) == ("639.5", "0.5")
    assert (sure["left"], sure["bottom"], sure["score"]) == ("-10.5", "500.0", "0.5")
    assert (lost["nose_x"], lost["nose_y"], lost["nose_score"]) == ("", "", "")
    assert (sure["frame"], framed["image"], framed["frame"]) == ("", "clip.mp4", "12")


def test_long_has_a_line_per_keypoint(written: Callable[..., str]) -> None:
    lines = rows(written(LongCsv))
    assert [line["person"] for line in lines] == ["1"] * 3 + ["2"] * 3 + ["1"] * 3
    assert [line["keypoint"] for line in lines[:2]] == ["nose", 'left, "ear"']
    assert (lines[0]["x"], lines[0]["y"], lines[0]["score"]) == ("10.123", "20.456", "0.9")
    assert (lines[3]["x"], lines[3]["y"], lines[3]["score"]) == ("", "", "")
    assert (lines[6]["image"], lines[6]["frame"], lines[6]["time"]) == ("clip.mp4", "12", "0.48")


def test_no_cell_is_a_formula(written: Callable[..., str]) -> None:
    for writer in (WideCsv, LongCsv):
        for row in csv.reader(io.StringIO(written(writer))):
            for cell in row:
                assert not cell.startswith(("=", "@", "+")), cell
    assert rows(written(WideCsv))[0]["image"] == "./=cmd, a.jpg"
    assert rows(written(LongCsv))[2]["keypoint"] == "'=1+2"
