"""JSON that users hand in, and files that appear whole or not at all."""

import os

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.utils.files import read_json, replacing, write_json, write_text


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
