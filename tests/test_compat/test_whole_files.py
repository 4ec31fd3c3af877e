"""mmengine writes local files whole or not at all."""

import errno
import os
from pathlib import Path

import mmengine
import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.runner import save_checkpoint

import mmhg  # noqa: F401  (applies compat)
from mmhg.errors import InputError


@pytest.mark.parametrize("fault", ["killed", "full"])
def test_a_checkpoint_that_is_not_finished_replaces_none(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new" / "epoch_1.pth"
    save_checkpoint(dict(number=1), str(path))

    def fail(descriptor: int) -> None:
        assert len(list(path.parent.iterdir())) == 2  # the new one is written beside the old one
        if fault == "killed":
            raise KeyboardInterrupt
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises((InputError, KeyboardInterrupt)) as raised:
            save_checkpoint(dict(number=2), str(path))
    if fault == "full":
        assert str(raised.value) == f"cannot write {path}: No space left on device"
    assert [file.name for file in path.parent.iterdir()] == ["epoch_1.pth"]
    assert torch.load(path, weights_only=True) == dict(number=1)
    save_checkpoint(dict(number=2), str(path))
    assert torch.load(path, weights_only=True) == dict(number=2)


def test_texts(tmp_path: Path) -> None:
    mmengine.dump(dict(a=1), tmp_path / "a.json")
    get_file_backend(str(tmp_path)).put_text("\u00e4", tmp_path / "below" / "b.txt")
    assert (tmp_path / "a.json").read_text() == '{"a": 1}'
    assert (tmp_path / "below" / "b.txt").read_bytes() == b"\xc3\xa4"
