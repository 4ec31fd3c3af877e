"""Options that several commands share."""

from argparse import Namespace
from pathlib import Path

import pytest

from mmhg.errors import InputError
from mmhg_cli.shared import find_checkpoint


def test_the_checkpoint_of_a_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The one given; else that of the training in --work-dir; else that of the config's."""
    config = tmp_path / "mine.py"
    config.write_text('work_dir = "{{ fileDirname }}/training"')
    for folder in ("training", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "epoch_3.pth").touch()
    given = Namespace(config=str(config), checkpoint="a.pth")
    assert find_checkpoint(given) == Path("a.pth")
    assert capsys.readouterr() == ("", "")
    for settings, folder in (
        ({}, "training"),
        (dict(work_dir=None), "training"),
        (dict(work_dir=str(tmp_path / "elsewhere")), "elsewhere"),
        (dict(work_dir=str(tmp_path / "new")), "training"),
    ):
        found = find_checkpoint(Namespace(config=str(config), checkpoint=None, **settings))
        assert found == tmp_path / folder / "epoch_3.pth"
        assert capsys.readouterr() == ("", f"checkpoint: {found}\n")
    (tmp_path / "training/epoch_3.pth").unlink()
    with pytest.raises(InputError, match="training has no checkpoint of a training, and no w"):
        find_checkpoint(Namespace(config=str(config), checkpoint=None))
