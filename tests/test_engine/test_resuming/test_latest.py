"""`--resume` goes on from the newest checkpoint that is whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner, find_latest_checkpoint

from mmhg.engine import latest_checkpoint
from mmhg.errors import InputError
from test_engine.test_resuming.conftest import EPOCHS, build, saved


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    build(folder, train_cfg=dict(by_epoch=True, max_epochs=3)).train()
    return folder


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of a work folder that has epochs 2 and 3."""
    shutil.copytree(trained, tmp_path / "work")
    return tmp_path / "work"


def test_mmengine_takes_it(work: Path) -> None:
    assert find_latest_checkpoint is latest_checkpoint
    assert (work / "last_checkpoint").read_text() == "epoch_3.pth"
    assert latest_checkpoint(str(work)) == str(work / "epoch_3.pth")
    assert latest_checkpoint(str(work / "none")) is None


@pytest.mark.parametrize(
    "pointer",
    [
        None,
        b"",
        b"\x93\xff\x00\x01",
        b"epoch_9.pth",
        b"/elsewhere/epoch_3.pth",
        b"/etc",
        b"epoch_2.pth",
    ],
)
def test_the_pointer_is_only_a_hint(pointer: bytes | None, work: Path) -> None:
    (work / "last_checkpoint").unlink()
    if pointer is not None:
        (work / "last_checkpoint").write_bytes(pointer)
    assert latest_checkpoint(str(work)) == str(work / "epoch_3.pth")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def strip(path: Path) -> None:
    content = torch.load(path, weights_only=True)
    del content["optimizer"]
    torch.save(content, path)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut, "it is damaged or was not written to its end"),
        (flip, "the checksum of its part"),
        (lambda path: path.write_bytes(b""), "damaged, or not a PyTorch checkpoint"),
        (lambda path: path.write_text("<html>"), "damaged, or not a PyTorch checkpoint"),
        (strip, "holds no training that could go on: it lacks optimizer"),
    ],
)
def test_what_is_damaged_is_passed_over(
    damage: Callable[[Path], object],
    reason: str,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = []
    monkeypatch.setattr(
        "mmhg.engine.resuming.latest.print_log", lambda text, *rest: said.append(text)
    )
    damage(work / "epoch_3.pth")
    assert latest_checkpoint(str(work)) == str(work / "epoch_2.pth")
    assert str(work / "epoch_3.pth") in said[0] and reason in said[0]
    assert said[0].endswith(f"{work / 'epoch_2.pth'} is taken")
    damage(work / "epoch_2.pth")
    with pytest.raises(InputError, match=r"no checkpoint in .* can be resumed from: ") as raised:
        latest_checkpoint(str(work))
    assert str(raised.value).count(reason) == 2


def test_a_checkpoint_that_is_gone_is_not_silence(work: Path) -> None:
    for path in work.glob("*.pth"):
        path.unlink()
    with pytest.raises(InputError, match=r"names 'epoch_3.pth', and neither that checkpoint nor"):
        latest_checkpoint(str(work))
    (work / "last_checkpoint").unlink()
    assert latest_checkpoint(str(work)) is None


def test_other_names_and_folders(work: Path) -> None:
    """`filename_tmpl` and `out_dir` of the hook."""
    out = work.parent / "out"
    out.mkdir()
    for number in (2, 10):
        shutil.copy(work / "epoch_2.pth", out / f"step-{number}.pth")
    for path in work.glob("*.pth"):
        path.unlink()
    (work / "last_checkpoint").write_text("../out/step-2.pth")
    assert latest_checkpoint(str(work)) == f"{work}/../out/step-10.pth"
    (work / "last_checkpoint").write_text("s3://bucket/epoch_1.pth")
    assert latest_checkpoint(str(work)) == "s3://bucket/epoch_1.pth"


def test_the_training_falls_back(work: Path, train: Callable[..., Runner]) -> None:
    flip(work / "epoch_3.pth")
    runner = train(work, resume=True)
    assert runner.epoch == EPOCHS and saved(work)[1:] == ["epoch_3.pth", "epoch_4.pth"]
    assert latest_checkpoint(str(work)) == str(work / "epoch_4.pth")
