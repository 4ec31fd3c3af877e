"""XML files, read without document types."""

from pathlib import Path

import pytest

from mmhg.errors import InputError
from mmhg.utils.xml_file import Element, first_tags, parse_xml, read_xml


def test_elements_of_the_outermost_one(tmp_path: Path) -> None:
    found: list[Element] = []
    file = tmp_path / "a.xml"
    file.write_bytes(
        "<a><b n='1'>x<c>é &amp; <![CDATA[<]]></c>y</b><d><b/></d><b n='2'/></a>".encode("utf-16")
    )
    read_xml(file, {"b": found.append})
    assert [one.attributes for one in found] == [{"n": "1"}, {"n": "2"}]
    assert (found[0].text, found[0].child_text("c")) == ("xy", "é & <")
    assert found[0].child_text("none") == ""


def test_find_looks_at_all_levels() -> None:
    found: list[Element] = []
    parse_xml(
        b"<a><b><c n='1'><c n='2'/></c><d><c n='3'/></d></b></a>", "text", {"b": found.append}
    )
    assert [one.attributes["n"] for one in found[0].find("c")] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"<!DOCTYPE a><a/>", "declares a document type"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
        (b"<a>&b;</a>", "is not XML: undefined entity"),
        (b"<a><b></a>", "is not XML: mismatched tag: line 1, column 8"),
        (b"", "is not XML: no element found"),
        (b"<a>" * 33, "more than 32 levels"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "is not XML"),
        (b"<?xml version='1.0' encoding='shift_jis'?><a/>", "is not XML"),
    ],
)
def test_refused(text: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_xml(text, "file", {})


def test_a_long_text_in_many_pieces_takes_no_time() -> None:
    found: list[Element] = []
    parse_xml(b"<a><b>" + b"x<!---->" * 200_000 + b"</b></a>", "text", {"b": found.append})
    assert len(found[0].text) == 200_000


def test_the_head_tells_the_tags(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text("<a><b><c/></b><d/>" + " " * 100_000 + "<e/></a>")
    assert first_tags(file) == ["a", "b", "d"]
    file.write_text("<!DOCTYPE x><a/>")
    assert first_tags(file) == []
    assert first_tags(tmp_path) == first_tags(tmp_path / "none") == []
