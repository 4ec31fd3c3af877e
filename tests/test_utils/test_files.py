"""JSON that users hand in, and files that appear whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.utils.files import leftovers, read_bytes, read_json, replacing, write_json, write_text


def test_reads(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, null]}')
    assert read_json(tmp_path / "a.json") == {"a": [1, None]}


@pytest.mark.parametrize(("content", "message"), [(None, "cannot read"), (b"{\xff", "is not JSON")])
def test_names_the_file_that_it_cannot_read(tmp_path, content, message):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read_json(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("[" * 65 + "]" * 65, "nested more than 64 levels deep"),
        ('{"a":' * 65 + "1" + "}" * 65, "nested more than 64 levels deep"),
        ("[1" + "0" * 400 + "]", "a whole number of 401 digits is too large: 1000"),
        ("[" + "9" * 5000 + "]", "a whole number of 5000 digits is too large"),
        ("[9223372036854775808]", "a whole number of 19 digits is too large"),
        ('{"a": 1, "b": 2, "a": 3}', "an object has the name 'a' more than once"),
        ('["\\ud800.jpg"]', "is not JSON"),
        ("", "is not JSON"),
    ],
)
def test_json_that_is_not_read(content, message, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=f"people .*{message}"):
        read_json(tmp_path / "a.json", "people")


def test_json_as_others_write_it(tmp_path):
    path = tmp_path / "a.json"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        path.write_text('{"name": "größer", "n": -9223372036854775808}', encoding=encoding)
        assert read_json(path) == {"name": "größer", "n": -(2**63)}
    path.write_text("[" * 64 + "]" * 64)
    assert read_json(path)
    path.write_text('["\\ud83d\\ude00"]')  # two halves of one character
    assert read_json(path) == ["\N{GRINNING FACE}"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_what_has_no_end_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "pipe.json", Path("/dev/zero")):
        with pytest.raises(InputError, match="it is a device or a pipe, not a file"):
            read_json(path)
    with pytest.raises(InputError, match="cannot read"):
        read_bytes("a\0b")
    with pytest.raises(InputError, match="Is a directory"):
        read_bytes(tmp_path)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": [1.5, float("nan")], "b": (float("inf"), 2)})
    assert read_json(path) == {"a": [1.5, None], "b": [None, 2]}
    with pytest.raises(RuntimeError), replacing(path) as partial:
        assert partial.suffix == ".json"
        partial.write_text("half")
        raise RuntimeError
    assert read_json(path)["b"] == [None, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_two_who_write_the_same_file_do_not_meet(tmp_path):
    path = tmp_path / "scores.json"
    with replacing(path) as first, replacing(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # whose block ended last
    assert [entry.name for entry in tmp_path.iterdir()] == ["scores.json"]


def test_what_killed_writings_left_is_found(tmp_path):
    for name in (".epoch_3.partial-7-0.pth", ".results.partial-7-1.json", ".epoch_3.pth", "a.pth"):
        (tmp_path / name).touch()
    assert [path.name for path in leftovers(tmp_path, "*.pth")] == [".epoch_3.partial-7-0.pth"]
    assert len(list(leftovers(tmp_path))) == 2


def test_numbers_of_numpy(tmp_path):
    """MMPose's EPE is a float32."""
    path = tmp_path / "a.json"
    write_json(path, {"EPE": np.float32(1.5), "count": [np.int64(2)], "none": np.float32("nan")})
    assert read_json(path) == {"EPE": 1.5, "count": [2], "none": None}


def test_says_what_it_cannot_write(tmp_path):
    for path in (tmp_path / "none" / "a.txt", tmp_path):
        with pytest.raises(InputError) as raised:
            write_text(path, "a")
        assert str(raised.value).startswith(f"cannot write {path}: ")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_another_file_stays_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        (tmp_path / "other").read_text()


def test_durable_files_are_on_the_disk_before_they_replace(tmp_path, monkeypatch):
    path, order = tmp_path / "a", []
    monkeypatch.setattr("os.fsync", lambda descriptor: order.append("disk"))
    replace = os.replace
    monkeypatch.setattr("os.replace", lambda *paths: (order.append("replace"), replace(*paths)))
    with replacing(path, durable=True) as partial:
        partial.write_text("whole")
    assert order == ["disk", "replace", "disk"]  # the file, then its folder
    assert path.read_text() == "whole"
