"""CSV as spreadsheets write it."""

import math
from pathlib import Path

import pytest

from mmhg.errors import InputError
from mmhg.utils.csv_file import number, read_csv

ROWS = [["Name", "x", "y"], ["a.png", "1.5", "-2"], ["b.png", "", "3e1"]]
PLAIN = "Name,x,y\na.png,1.5,-2\nb.png,,3e1\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.rstrip(),
        PLAIN + "\n\n,,\n , ,\n",
        "\n" + PLAIN,
        PLAIN.replace("\n", ",,\n"),
        PLAIN.replace(",", " , "),
        "sep=;\r\n" + PLAIN.replace(",", ";"),
        '"Name","x","y"\n"a.png","1.5","-2"\n"b.png","","3e1"\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_same_cells(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert read_csv(path).rows == ROWS


def written(folder: Path, text: str) -> Path:
    (folder / "a.csv").write_text(text)
    return folder / "a.csv"


def test_quoted_delimiters_and_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, '"a;b;c;d","say ""x""\nno"\n1,2\n')
    assert read_csv(path).rows == [["a;b;c;d", 'say "x"\nno'], ["1", "2"]]


@pytest.mark.parametrize(
    ("text", "comma"),
    [
        ("a;1,5;2,25\n", True),
        ("a;21,521;265,428\n", True),
        ('a,"1,5","265,428"\n', True),
        ("a\t1,5\t7\n", True),
        ("a;1.5;2\n", False),
        ("a;1;2\n", False),
        ("a,b;1;2\n", False),
    ],
)
def test_decimal_commas(text: str, comma: bool, tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, text))
    assert table.decimal_comma(table.rows[0]) is comma


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;1,5;2.5\n", r"decimal point \(2\.5\) and with a comma \(1,5\)"),
        ('a,"1,024","2,048"\n', r"1,024 may be 1024 or 1\.024"),
        ("a\t1,024\t7\n", r"1,024 may be 1024 or 1\.024"),
    ],
)
def test_ambiguous_commas_are_refused(text: str, message: str, tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, text))
    with pytest.raises(InputError, match=message):
        table.decimal_comma(table.rows[0])


def test_numbers() -> None:
    assert [number(cell) for cell in ("1", "-1.5", "+.5", "2.", "1e3", "1E-2")] == [
        *(1, -1.5, 0.5, 2, 1000, 0.01)
    ]
    assert number("1,5", decimal_comma=True) == 1.5
    assert all(math.isnan(number(cell)) for cell in ("", "nan", "NaN"))
    for cell in ("x", "1,5", "inf", "-Infinity", "1_000", "1.2.3", "0x10", "1e999", "٣"):
        with pytest.raises(ValueError, match="is not a number"):
            number(cell)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,\xe4\xf6\n", "is not text in UTF-8"),
        ("a,b\n".encode("utf-16-le"), "characters of code 0"),
        (b"\xff\xfea", "is not text in UTF-8"),
        (b'"a"b,c\n', "is not CSV"),
        (b'"a,b\n', "is not CSV"),
    ],
)
def test_what_is_not_csv(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.csv {message}|a\.csv is not text.*{message}"):
        read_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"")
    assert read_csv(tmp_path / "a.csv").rows == []
    with pytest.raises(InputError, match=r"cannot read .*nosuch\.csv"):
        read_csv(tmp_path / "nosuch.csv")
