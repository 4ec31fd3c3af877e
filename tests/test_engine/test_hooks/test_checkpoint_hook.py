"""Checkpoints: none is lost, and none of another training is touched."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import CheckpointHook as InPlaceCheckpointHook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.engine import CheckpointHook
from mmhg.errors import InputError
from test_engine.test_resuming.conftest import EPOCHS, build, hook_of, saved
from test_engine.test_resuming.conftest import train as train  # the fixture

Train = Callable[..., Runner]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    build(folder, train_cfg=dict(by_epoch=True, max_epochs=2)).train()
    return folder


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "work")
    return tmp_path / "work"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def edit(path: Path, change: Callable[[dict], object]) -> None:
    checkpoint = torch.load(path, weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, path)


def always_better(path: Path) -> None:
    edit(path, lambda saved: saved["message_hub"]["runtime_info"].update(best_score=-1.0))


def test_mmposes_configs_get_it() -> None:
    assert HOOKS.get("CheckpointHook") is CheckpointHook
    assert issubclass(CheckpointHook, InPlaceCheckpointHook)


def test_checkpoints_hold_no_paths(work: Path) -> None:
    for path in work.glob("*.pth"):
        checkpoint = torch.load(path, weights_only=True)
        info = checkpoint["message_hub"]["runtime_info"]
        assert not {"last_ckpt", "best_ckpt"} & info.keys()
        assert str(work.parent.parent) not in repr(info | checkpoint["mmhg_resume"])
    assert (work / "last_checkpoint").read_text() == "epoch_2.pth"


def test_a_copied_or_renamed_folder_goes_on_from_its_own_files(
    work: Path, train: Train, tmp_path: Path
) -> None:
    for path in work.glob("epoch_*.pth"):
        always_better(path)
    shutil.copytree(work, tmp_path / "copy")
    before = content(work)
    train(tmp_path / "copy", resume=True)
    assert content(work) == before
    assert saved(tmp_path / "copy")[1:] == ["epoch_3.pth", "epoch_4.pth"]
    assert len(saved(tmp_path / "copy")) == 3  # its own old best one is gone
    work.rename(tmp_path / "renamed")
    train(tmp_path / "renamed", resume=True)
    assert saved(tmp_path / "renamed") == saved(tmp_path / "copy")


@pytest.mark.parametrize("resumes_file", [False, True])
@pytest.mark.parametrize("save_best", ["score", "auto", ["score", "other"]])
def test_a_strangers_checkpoint_removes_nothing(
    resumes_file: bool, save_best: Any, work: Path, train: Train, tmp_path: Path
) -> None:
    """Whatever it names: folders, files elsewhere, other files of this folder."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "thesis.tex").touch()
    for name in ("notes.pth", "best_score_mine.pth", "epoch_x.pth"):
        (work / name).write_bytes(b"mine")
    (work / "epoch_").mkdir()

    def attack(checkpoint: dict) -> None:
        info = checkpoint["message_hub"]["runtime_info"]
        info.update(best_score=-1.0, best_score_score=-1.0, keep_ckpt_ids=["/../../victim", 0, -1])
        info.update(best_ckpt=str(victim), best_ckpt_score=str(victim), last_ckpt=str(victim))
        checkpoint["mmhg_resume"].update(
            best=dict(score="../victim", auto="../victim/thesis.tex"), validated="2"
        )

    edit(work / "epoch_2.pth", attack)
    rule = None if save_best == "auto" else "greater"
    settings: dict[str, Any] = dict(resume=True, checkpoint=dict(save_best=save_best, rule=rule))
    settings["checkpoint"].update(greater_keys=["score"])
    if resumes_file:
        settings.update(load_from=str(work / "epoch_2.pth"))
    train(work, **settings)
    assert (victim / "thesis.tex").exists()
    for name in ("notes.pth", "best_score_mine.pth", "epoch_x.pth"):
        assert (work / name).read_bytes() == b"mine"


def test_kept_numbers_count_only_in_their_own_folder(
    work: Path, train: Train, tmp_path: Path
) -> None:
    """Resumed elsewhere, a checkpoint says nothing of that folder's files."""
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(work / "epoch_1.pth", other / "epoch_1.pth")
    train(other, resume=True, load_from=str(work / "epoch_2.pth"))
    assert "epoch_1.pth" in saved(other)
    assert saved(work) == ["best_score_epoch_1.pth", "epoch_1.pth", "epoch_2.pth"]


def test_an_old_best_one_is_removed_after_the_new_one_is_written(
    work: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_better(work / "epoch_2.pth")
    old = next(work.glob("best_*"))
    replace, seen = os.replace, []

    def watch(source: Any, target: Any) -> None:
        if os.path.basename(target).startswith("best_"):
            seen.append(sorted(path.name for path in work.glob("best_*")))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    train(work, resume=True, train_cfg=dict(by_epoch=True, max_epochs=3))
    assert seen == [[old.name]]
    assert [path.name for path in work.glob("best_*")] == ["best_score_epoch_3.pth"]


def test_the_only_one_that_is_kept_is_there_while_the_next_is_written(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, seen = os.replace, []

    def watch(source: Any, target: Any) -> None:
        if os.path.basename(target) == "epoch_3.pth":
            seen.append(sorted(path.name for path in tmp_path.glob("epoch_*")))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    train(tmp_path, checkpoint=dict(max_keep_ckpts=1))
    assert seen[0] == ["epoch_2.pth"]
    assert [name for name in saved(tmp_path) if "best" not in name] == ["epoch_4.pth"]


def test_without_a_limit_all_are_kept(train: Train, tmp_path: Path) -> None:
    train(tmp_path, "after_val", 2, checkpoint=dict(max_keep_ckpts=-1))
    train(tmp_path, resume=True, checkpoint=dict(max_keep_ckpts=2))
    assert [name for name in saved(tmp_path) if "best" not in name] == [
        f"epoch_{number}.pth" for number in range(1, EPOCHS + 1)
    ]


def test_leftovers_of_killed_writings_are_removed(work: Path, train: Train) -> None:
    always_better(work / "epoch_2.pth")
    names = (".epoch_3.partial-7-0.pth", ".best_score_epoch_2.partial-7-1.pth")
    names += (".last_checkpoint.partial-7-2", ".results.partial-7-3.json")
    for name in names:
        (work / name).write_bytes(b"half")
    (work / ".epoch_3.pth").write_bytes(b"a user's")
    train(work, resume=True)
    assert not {*names} & {path.name for path in work.iterdir()}
    assert (work / ".epoch_3.pth").exists()


@pytest.mark.parametrize("start", ["anew", "earlier"])
def test_nothing_is_replaced(start: str, work: Path, train: Train) -> None:
    before = content(work)
    settings = dict(resume=True, load_from=str(work / "epoch_1.pth")) if start == "earlier" else {}
    with pytest.raises(InputError) as raised:
        train(work, **settings)
    begins = "after epoch 1" if start == "earlier" else "at the beginning"
    assert f"and this one begins {begins} and would replace them" in str(raised.value)
    assert "epoch_2.pth" in str(raised.value) and "--resume" in str(raised.value)
    assert {name: before[name] for name in before if name.endswith("pth")} == {
        name: data for name, data in content(work).items() if name.endswith("pth")
    }


def test_the_best_score_is_the_highest_that_was_validated(train: Train, tmp_path: Path) -> None:
    """Killed between saving and validating an epoch, each time."""
    for _ in range(EPOCHS - 1):
        train(tmp_path, "before_val", 2, resume=True)
    runner = train(tmp_path, resume=True)
    assert hook_of(runner).best_ckpt_path == str(next(tmp_path.glob("best_*")))
    whole = train(tmp_path / "whole")
    assert runner.message_hub.get_info("best_score") == whole.message_hub.get_info("best_score")
    assert runner.message_hub.get_info("best_score") == max(
        runner.message_hub.get_scalar("val/score").data[0]
    )


def test_a_validation_that_is_not_due_is_not_made_up_for(train: Train, tmp_path: Path) -> None:
    settings = dict(train_cfg=dict(by_epoch=True, max_epochs=EPOCHS, val_interval=2))
    train(tmp_path, "after_train_iter", 5, **settings)
    runner = train(tmp_path, resume=True, **settings)
    assert len(runner.message_hub.get_scalar("val/score").data[0]) == 2


def test_a_finished_training_does_nothing(work: Path, train: Train) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in work.glob("*.pth")}
    train(work, resume=True, train_cfg=dict(by_epoch=True, max_epochs=2))
    assert {path.name: path.stat().st_mtime_ns for path in work.glob("*.pth")} == before


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        (lambda saved: saved.pop("optimizer"), "optimizer"),
        (lambda saved: saved["meta"].pop("epoch"), "epoch"),
        (lambda saved: saved["meta"].update(iter="3"), "iter"),
        (lambda saved: saved.update(message_hub=[]), "message_hub"),
        (lambda saved: saved["meta"].update(seed="s"), "seed"),
    ],
)
def test_weights_alone_cannot_be_resumed(
    change: Callable, lacking: str, work: Path, train: Train, tmp_path: Path
) -> None:
    edit(work / "epoch_2.pth", change)
    with pytest.raises(InputError, match=f"holds no training that could go on: it lacks {lacking}"):
        train(tmp_path / "new", resume=True, load_from=str(work / "epoch_2.pth"))


def test_resuming_runs_no_code(work: Path, train: Train, tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'ran')!r}, 'w')"
    edit(work / "epoch_2.pth", lambda saved: saved["meta"].update(config=code, cfg=code))
    train(work, resume=True)
    assert not (tmp_path / "ran").exists() and "epoch_4.pth" in saved(work)


def test_by_iterations(train: Train, tmp_path: Path) -> None:
    settings = dict(
        train_cfg=dict(by_epoch=False, max_iters=6, val_interval=2),
        param_scheduler=[],
        checkpoint=dict(by_epoch=False, interval=2),
    )
    train(tmp_path, "before_val", 2, **settings)
    assert "iter_4.pth" in saved(tmp_path)
    runner = train(tmp_path, resume=True, **settings)
    assert runner.iter == 6 and (tmp_path / "last_checkpoint").read_text() == "iter_6.pth"
    assert len(runner.message_hub.get_scalar("val/score").data[0]) == 3
