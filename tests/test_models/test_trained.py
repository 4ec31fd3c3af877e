"""The checkpoint of a training that is taken where none is named."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmhg.config import get_config
from mmhg.errors import InputError
from mmhg.models.loading import checkpoint_of
from mmhg.models.trained import trained_checkpoint, work_dir_of


def test_the_best_else_the_last(tmp_path: Path) -> None:
    assert trained_checkpoint(None) is None
    assert trained_checkpoint(tmp_path / "none") is None
    order = (
        "epoch_9.pth",
        "epoch_10.pth",
        "best_EPE_epoch_8.pth",
        "best_PCKh@0.5_iter_12.pth",
        "best_coco_AP_epoch_100.pth",
    )
    for other in ("results.json", "last_checkpoint", ".epoch_99.partial.pth", "best_.pth"):
        (tmp_path / other).touch()
    assert trained_checkpoint(tmp_path) is None
    for name in order:
        (tmp_path / name).touch()
        assert trained_checkpoint(tmp_path) == tmp_path / name


def config_in(folder: Path, text: str = "") -> Config:
    (folder / "mine.py").write_text(text)
    return Config.fromfile(folder / "mine.py")


def test_of_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path) -> None:
    monkeypatch.chdir(tmp_path)
    plain = config_in(tmp_path)
    own = config_in(tmp_path, 'work_dir = "{{ fileDirname }}/training"')
    assert work_dir_of(plain) == Path("work_dirs/mine")
    assert work_dir_of(own) == tmp_path / "training"
    assert work_dir_of(Config({})) is None
    for config, folder in ((plain, Path("work_dirs/mine")), (own, tmp_path / "training")):
        message = f"{folder} has no checkpoint of a training, and no weights come with config mine"
        with pytest.raises(InputError, match=message):
            checkpoint_of(config, None)
        folder.mkdir(parents=True)
        (folder / "epoch_1.pth").touch()
        assert checkpoint_of(config, None) == folder / "epoch_1.pth"
        assert checkpoint_of(config, "other.pth") == Path("other.pth")


def test_ahead_of_the_weights_that_come_with_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    config = get_config("hg2_lspet_128")
    assert checkpoint_of(config, None) == shipped
    trained = Path("work_dirs/hg2_lspet_128/best_PCK@0.2_epoch_3.pth")
    trained.parent.mkdir(parents=True)
    trained.touch()
    assert checkpoint_of(config, None) == trained
    assert checkpoint_of(config, "hg2_lspet_128") == shipped
