"""A folder for checkpoints is made and written to, and left empty."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from mmhg.engine.preflight import check_writable
from mmhg.errors import InputError


def test_nothing_stays_in_the_folder(tmp_path: Path) -> None:
    check_writable(tmp_path / "new/run")
    assert list((tmp_path / "new/run").iterdir()) == []


def test_a_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(InputError, match=r"written to .*run: Read-only file system\. Set work_dir"):
        check_writable(tmp_path / "run")
