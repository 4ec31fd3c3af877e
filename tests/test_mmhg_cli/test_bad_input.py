"""Bad input ends a tool with a message and status 2; a bug keeps its traceback."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, DictAction
from mmengine.runner import Runner, load_checkpoint
from mmpose.registry import MODELS
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmhg.errors import InputError
from mmhg_cli.bad_input import exit_on_bad_input


def message(action: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    """What a tool prints to standard error when ``action`` ends it with status 2."""
    with pytest.raises(SystemExit) as caught, exit_on_bad_input():
        action()
    assert caught.value.code == 2
    return capsys.readouterr().err


def fail(error: Exception) -> None:
    raise error


def build(**settings: object) -> nn.Module:
    return MODELS.build(dict(type="mmpose.HourglassBackbone", **settings))


def test_nothing_happens_without_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with exit_on_bad_input():
        pass
    assert capsys.readouterr().err == ""


def test_input_error(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: fail(InputError("scale must be positive, got -1")), capsys)
    assert text == "error: scale must be positive, got -1\n"


def test_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: Path("nosuch.json").read_text(), capsys)
    assert text == "error: [Errno 2] No such file or directory: 'nosuch.json'\n"


@pytest.mark.parametrize(
    "error",
    [RuntimeError("a"), ValueError("a"), KeyError("a"), AssertionError("a"), TypeError("a")],
)
def test_bug_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, exit_on_bad_input():
        fail(error)
    assert caught.value is error


class Unreadable(Dataset):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> int:
        try:
            raise KeyError(index)
        except KeyError as error:
            raise InputError("image a.jpg is truncated;\nfetch it again") from error


def test_worker_of_a_data_loader(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: list(DataLoader(Unreadable(), num_workers=1)), capsys)
    assert text == "error: image a.jpg is truncated;\nfetch it again\n"


def test_unregistered_type(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: MODELS.build(dict(type="mmpose.Nosuch")), capsys)
    assert text.startswith("error: mmpose.Nosuch is not in the mmpose::model registry.")


def test_unexpected_setting(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: build(nosuch=1), capsys)
    assert (
        text == "error: HourglassBackbone.__init__() got an unexpected keyword argument 'nosuch'\n"
    )


@MODELS.register_module(name="mmhg_test_module")
class Picky(nn.Module):
    """Checks a setting as MMPose's modules do, or fails on its own account."""

    def __init__(self, width: int, buggy: bool = False) -> None:
        assert width > 0, f"width must be positive, got {width}"
        super().__init__()
        if buggy:
            self.initialise()

    def initialise(self) -> None:
        self.width = len(None)  # type: ignore[arg-type]


def test_setting_that_a_constructor_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: MODELS.build(dict(type="mmhg_test_module", width=-1)), capsys)
    assert text.startswith("error: width must be positive, got -1\n")


def test_bug_while_building_keeps_its_traceback() -> None:
    with pytest.raises(TypeError, match="NoneType"), exit_on_bad_input():
        MODELS.build(dict(type="mmhg_test_module", width=1, buggy=True))


def test_setting_that_the_config_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: Config(dict(a=1)).model, capsys)
    assert text.startswith("error: the config lacks a setting: ")
    assert "'model'" in text


def test_ctrl_c_leaves_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, exit_on_bad_input():
        raise KeyboardInterrupt
    assert caught.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").touch()
    text = message(lambda: (tmp_path / "a").mkdir(exist_ok=True), capsys)
    assert text == f"error: [Errno 17] File exists: '{tmp_path / 'a'}'\n"


@pytest.mark.parametrize(
    ("given", "reason"), [("foo", ""), ("a=[(1,2]", ": Imbalanced brackets exist in (1,2")]
)
def test_option_that_is_not_understood(
    given: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    text = message(lambda: parser.parse_args(["--cfg-options", "b=1", given]), capsys)
    wanted = "--cfg-options takes KEY=VALUE, such as train_dataloader.batch_size=16"
    assert text == f"error: {wanted}, got {given!r}{reason}\n"


def test_hook_that_mmengine_does_not_leave_out(capsys: pytest.CaptureFixture[str]) -> None:
    hooks = dict(timer=None, fast_inference=None)
    runner = Runner.__new__(Runner)
    text = message(lambda: runner.register_default_hooks(hooks), capsys)
    assert text.startswith("error: default_hooks.fast_inference=None: MMEngine leaves out only")
    assert "default_hooks.fast_inference.enable=False" in text


def test_data_loader_that_cannot_be_built(capsys: pytest.CaptureFixture[str]) -> None:
    loader = dict(dataset=[1, 2], sampler=dict(type="DefaultSampler", shuffle=False), batch_size=0)
    text = message(lambda: Runner.build_dataloader(loader), capsys)
    assert text == (
        "error: the config's data loader cannot be built: batch_size should be a positive integer "
        "value, but got batch_size=0\n"
    )


class Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("code ran",)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (
            lambda path: path.write_text(json.dumps({"a": 1})),
            "damaged, or not a PyTorch checkpoint",
        ),
        (lambda path: path.write_bytes(b""), "damaged, or not a PyTorch checkpoint"),
        (lambda path: torch.save(Hostile(), path), "Unsupported global: GLOBAL print"),
    ],
)
def test_checkpoint_that_cannot_be_loaded(
    write: Callable[[Path], object],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "a.pth"
    write(path)
    text = message(lambda: load_checkpoint(nn.Linear(1, 1), str(path)), capsys)
    assert text.startswith(f"error: checkpoint {path} cannot be loaded: ")
    assert reason in text
    assert "code ran" not in text and "weights_only" not in text
