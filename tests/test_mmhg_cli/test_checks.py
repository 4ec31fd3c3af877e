"""A config is checked before MMEngine's Runner takes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmhg.errors import InputError
from mmhg_cli.checks import check_hooks, check_loader, check_run, check_timeout
from mmhg_cli.shared import parse_options


def test_options() -> None:
    given = ["a.b=1", "c=x=y", "d=[(1,2),z]", "e=None", "f=1,2.5", "a.b=3"]
    assert parse_options(given) == {
        "a.b": 3,
        "c": "x=y",
        "d": [(1, 2), "z"],
        "e": None,
        "f": [1, 2.5],
    }
    assert parse_options(None) == {}


@pytest.mark.parametrize(
    ("given", "reason"), [("foo", ""), ("a=[(1,2]", ": Imbalanced brackets exist in (1,2")]
)
def test_option_that_is_not_understood(given: str, reason: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_options(["b=1", given])
    wanted = "--cfg-options takes KEY=VALUE, such as train_dataloader.batch_size=16"
    assert str(raised.value) == f"{wanted}, got {given!r}{reason}"


def test_hook_that_mmengine_does_not_leave_out() -> None:
    check_hooks(dict(timer=None, fast_inference=dict(type="FastInferenceHook")))
    with pytest.raises(InputError) as raised:
        check_hooks(dict(timer=None, fast_inference=None))
    text = str(raised.value)
    assert text.startswith("default_hooks.fast_inference=None: MMEngine leaves out only")
    assert "default_hooks.fast_inference.enable=False" in text


SAVING = dict(type="CheckpointHook", interval=1, save_best="a", rule="greater")
SOUND = dict(dataset=dict(type="X"), sampler=dict(type="Y"), collate_fn=dict(type="Z"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            dict(batch_size=0),
            "batch_size should be a positive integer value, but got batch_size=0",
        ),
        (dict(num_workers=-1), "num_workers option should be non-negative"),
        (dict(persistent_workers=True, num_workers=0), "persistent_workers option needs"),
        (dict(nosuch=1), "got an unexpected keyword argument 'nosuch'"),
    ],
)
def test_data_loader_that_cannot_be_built(settings: dict[str, Any], message: str) -> None:
    check_loader("val_dataloader", dict(batch_size=2, num_workers=2, **SOUND))
    with pytest.raises(InputError) as raised:
        check_loader("val_dataloader", {**SOUND, **settings})
    assert str(raised.value).startswith("the config's val_dataloader cannot be built: ")
    assert message in str(raised.value)


class Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("code ran",)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda path: path.write_text(json.dumps({"a": 1})),
            "cannot be loaded: it is damaged, or not a PyTorch checkpoint",
        ),
        (
            lambda path: path.write_bytes(b""),
            "cannot be loaded: it is damaged, or not a PyTorch checkpoint",
        ),
        (lambda path: torch.save(Hostile(), path), "Unsupported global: GLOBAL print"),
        (lambda path: torch.save([1], path), "holds a list, not a dict with a state_dict"),
        (lambda path: None, "there is no checkpoint"),
        (lambda path: path.mkdir(), "is a folder. Give a checkpoint file (.pth)"),
    ],
)
@pytest.mark.parametrize("resumes", [False, True])
def test_checkpoint_that_cannot_be_loaded(
    write: Callable[[Path], object],
    message: str,
    resumes: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "epoch_1.pth"
    write(path)
    if resumes:  # from what the last training noted
        (tmp_path / "last_checkpoint").write_text(str(path))
        if not path.is_file():
            message = "and neither that checkpoint nor another is there"
        config = Config(dict(work_dir=str(tmp_path), resume=True, load_from=None))
    else:
        config = Config(dict(work_dir=str(tmp_path), load_from=str(path)))
    with pytest.raises(InputError) as raised:
        check_run(config, ("train", "val"))
    assert str(path) in str(raised.value) and message in str(raised.value)
    assert "weights_only" not in str(raised.value)
    assert "code ran" not in capsys.readouterr().out


def test_a_new_training_replaces_no_checkpoint(tmp_path: Path) -> None:
    config = Config(dict(work_dir=str(tmp_path), default_hooks=dict(checkpoint=SAVING)))
    check_run(config, ("train", "val"))
    (tmp_path / "best_a_epoch_3.pth").touch()
    check_run(config, ("test",))
    with pytest.raises(
        InputError, match=r"has checkpoints of an earlier training \(best_a_epoch_3"
    ):
        check_run(config, ("train", "val"))


def test_what_is_sound_passes(tmp_path: Path) -> None:
    torch.save(dict(state_dict={}), tmp_path / "a.pth")
    loader = dict(batch_size=2, num_workers=0, **SOUND)
    config = dict(default_hooks=dict(timer=None), val_dataloader=None, test_dataloader=loader)
    check_run(Config(dict(**config, load_from=str(tmp_path / "a.pth"))), ("val", "test"))
    check_run(Config(dict(load_from="https://example.org/a.pth")), ("train",))
    check_run(Config(dict(resume=True, work_dir=str(tmp_path / "new"))), ("train",))


@pytest.mark.parametrize("timeout", ["60", 0, -1, [60], float("nan")])
def test_a_time_out_that_is_no_number_of_seconds(timeout: Any) -> None:
    check_timeout(dict(dist_cfg=dict(backend="gloo", timeout=60)))
    check_timeout(dict(dist_cfg=dict(timeout=None)))
    check_timeout(dict(mp_cfg={}))
    with pytest.raises(InputError, match=r"env_cfg\.dist_cfg\.timeout must be a number of seconds"):
        check_timeout(dict(dist_cfg=dict(timeout=timeout)))
