"""The folder of the cache: its bound, and what happens when it cannot be written to."""

import errno
import logging
import multiprocessing
import os

import pytest

from mmhg.datasets.transforms import bounded_folder
from mmhg.datasets.transforms.bounded_folder import BoundedFolder


def sizes(folder):
    """Of the files that it keeps."""
    return {name: os.path.getsize(folder / name) for name in os.listdir(folder) if name[0] != "."}


@pytest.fixture
def said(monkeypatch):
    """Messages of the log."""
    messages = []

    def note(message, logger, level):
        assert (logger, level) == ("current", logging.WARNING)
        messages.append(message)

    monkeypatch.setattr(bounded_folder, "print_log", note)
    return messages


def test_the_bound_holds_and_is_told_once(tmp_path, said):
    folder = BoundedFolder(tmp_path / "new" / "cache", max_bytes=250)
    for number in range(5):
        folder.write(f"{number}", [b"a" * 40, b"b" * 60])
    assert sizes(folder.folder) == {"0": 100, "1": 100}
    assert (folder.folder / "0").read_bytes() == b"a" * 40 + b"b" * 60
    assert not folder.open
    assert len(said) == 1
    assert "max_bytes" in said[0]
    assert str(folder.folder) in said[0]


def test_another_process_goes_on_counting(tmp_path, said):
    BoundedFolder(tmp_path, max_bytes=250).write("0", [b"a" * 100])
    second = BoundedFolder(tmp_path, max_bytes=250)
    second.write("1", [b"a" * 100])
    second.write("2", [b"a" * 100])
    assert sizes(tmp_path) == {"0": 100, "1": 100}


def test_a_file_made_anew_counts_once(tmp_path, said):
    folder = BoundedFolder(tmp_path, max_bytes=250)
    for _ in range(10):
        folder.write("0", [b"a" * 200])
    assert folder.open
    folder.write("0", [b"a" * 250])
    assert sizes(tmp_path) == {"0": 250}
    assert said == []


@pytest.mark.parametrize("total", [b"", b"no number", b"999999", None])
def test_a_wrong_count_is_put_right(tmp_path, said, total):
    """After a crash, or after someone has deleted files."""
    (tmp_path / "0").write_bytes(b"a" * 100)
    if total is not None:
        (tmp_path / ".total").write_bytes(total)
    folder = BoundedFolder(tmp_path, max_bytes=250)
    folder.write("1", [b"a" * 100])
    folder.write("2", [b"a" * 100])
    assert sizes(tmp_path) == {"0": 100, "1": 100}


def test_half_written_files_are_removed_in_a_count(tmp_path, said):
    (tmp_path / "0.partial").write_bytes(b"a" * 200)
    BoundedFolder(tmp_path, max_bytes=250).write("1", [b"a" * 100])
    assert sizes(tmp_path) == {"1": 100}


def test_a_full_disk_is_told_once_and_leaves_nothing(tmp_path, said, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = BoundedFolder(tmp_path, max_bytes=1000)
    folder.write("0", [b"a"])
    monkeypatch.setattr(os, "replace", full)
    folder.write("1", [b"a"])
    monkeypatch.undo()
    assert sizes(tmp_path) == {"0": 1}
    assert not folder.open


def test_a_folder_that_cannot_be_made(tmp_path, said):
    (tmp_path / "file").write_bytes(b"")
    folder = BoundedFolder(tmp_path / "file" / "cache", max_bytes=1000)
    folder.write("0", [b"a"])
    assert not folder.open
    assert len(said) == 1
    assert "cannot be written to (Not a directory)" in said[0]


def fill(path, worker):
    """What one of several processes does."""
    folder = BoundedFolder(path, max_bytes=10_000)
    for number in range(40):
        folder.write(f"{number % 30}-{worker % 2}", [bytes(100 + worker)] * 3)


def test_many_processes_keep_the_bound(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=fill, args=(tmp_path, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    kept = sizes(tmp_path)
    assert 9_000 < sum(kept.values()) <= 10_000
    assert set(kept.values()) <= {3 * (100 + worker) for worker in range(4)}
    assert int((tmp_path / ".total").read_bytes()) == sum(kept.values())
