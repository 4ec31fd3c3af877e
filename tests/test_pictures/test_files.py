"""Only files are read, and nothing is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mmhg.errors import InputError
from mmhg.pictures import read_picture_file


def read(path: object, **settings: int) -> bytes:
    return read_picture_file(str(path), way_out="its path", **settings)


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read(tmp_path / "a") == read(tmp_path / "link") == b"content"


def test_pipes_devices_and_folders_are_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a socket's name must be short
        server.bind("socket.jpg")
        for name, words in {
            "pipe.jpg": "it is a pipe",
            "endless.jpg": "it is a device",
            "socket.jpg": "it is a socket",
            "": "it is a folder",
            "loop.jpg": "Too many levels of symbolic links",
            "none.jpg": "No such file",
            "a\0b.jpg": "NUL character",
        }.items():
            with pytest.raises(InputError, match=rf"cannot read image .*{words}.*its path"):
                read(tmp_path / name)


def test_a_file_larger_than_any_picture(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(64_000_081)
    with pytest.raises(InputError, match="64,000,081 bytes, more than a picture can have"):
        read(tmp_path / "a.png", max_pixels=10)
