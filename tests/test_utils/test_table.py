from mmhg.utils.table import table

HEADER, ROWS = ("", "Head", "Total"), (("a_b", "96.66", "82.30"), ("c", "7.00", "n/a"))


def test_plain() -> None:
    assert table(HEADER, ROWS).splitlines() == [
        "       Head    Total",
        "---  ------  -------",
        "a_b   96.66    82.30",
        "c      7.00      n/a",
    ]


def test_markdown_keeps_numbers_as_they_are() -> None:
    assert table(HEADER, ROWS, "markdown").splitlines() == [
        "|     |   Head |   Total |",
        "|:----|-------:|--------:|",
        "| a_b |  96.66 |   82.30 |",
        "| c   |   7.00 |     n/a |",
    ]


def test_markdown_escapes_and_aligns_texts() -> None:
    assert table(
        ("", "kind", "n"), [("a|b", "x", "1")], "markdown", text_columns=2
    ).splitlines() == [
        "|      | kind   |   n |",
        "|:-----|:-------|----:|",
        r"| a\|b | x      |   1 |",
    ]


def test_latex_escapes() -> None:
    assert r"a\_b & 96.66 & 82.30" in " ".join(table(HEADER, ROWS, "latex").split())


def test_csv_quotes() -> None:
    assert table(HEADER, [("a,b", "1", "2")], "csv") == ',Head,Total\n"a,b",1,2'
