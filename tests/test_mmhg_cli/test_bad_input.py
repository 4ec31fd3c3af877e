"""Bad input ends a command with a message and status 2; a bug keeps its traceback."""

import errno
import importlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmpose.registry import MODELS
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmhg.errors import InputError
from mmhg_cli import main
from mmhg_cli.command_line import explain
from mmhg_cli.commands import flops


def message(action: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a command whose work is `action` prints on standard error, ending in status 2."""
    assert run(action) == 2
    return capsys.readouterr().err


def run(action: Callable[[], object]) -> int:
    """Return the exit status of a command whose work is `action`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flops, "run", lambda args: action())
        return main(["flops", "config.py"])


def fail(error: BaseException) -> None:
    raise error


def build(**settings: object) -> nn.Module:
    return MODELS.build(dict(type="mmpose.HourglassBackbone", **settings))


def test_nothing_happens_without_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: None) == 0
    assert capsys.readouterr().err == ""


def test_input_error(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: fail(InputError("scale must be positive, got -1")), capsys)
    assert text == "error: scale must be positive, got -1\n"


def test_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: Path("nosuch.json").read_text(), capsys)
    assert text == "error: [Errno 2] No such file or directory: 'nosuch.json'\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_what_the_system_refuses(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: fail(OSError(number, os.strerror(number))), capsys)
    assert text == f"error: the system says: {os.strerror(number)}\n"


def test_a_config_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the disk that is full, not the config that lacks a setting."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    (tmp_path / "c.py").symlink_to(full)
    text = message(lambda: Config(dict(a=1)).dump(str(tmp_path / "c.py")), capsys)
    assert text == "error: the system says: No space left on device\n"


@pytest.mark.parametrize(
    "error",
    [RuntimeError("a"), ValueError("a"), KeyError("a"), AssertionError("a"), TypeError("a")],
)
def test_bug_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        run(lambda: fail(error))
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
        text == "error: StackedHourglass.__init__() got an unexpected keyword argument 'nosuch'\n"
    )


@MODELS.register_module(name="mmhg_test_module")
class Picky(nn.Module):
    """Checks a setting as MMPose's modules do, or fails on its own account."""

    def __init__(self, width: int, buggy: bool = False) -> None:
        assert width > 0, f"width must be positive, got {width}"
        super().__init__()
        if buggy:
            self.initialize()

    def initialize(self) -> None:
        self.width = len(None)  # type: ignore[arg-type]


def test_setting_that_a_constructor_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: MODELS.build(dict(type="mmhg_test_module", width=-1)), capsys)
    assert text.startswith("error: width must be positive, got -1\n")


def test_bug_while_building_keeps_its_traceback() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        run(lambda: MODELS.build(dict(type="mmhg_test_module", width=1, buggy=True)))


def test_setting_that_the_config_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    text = message(lambda: Config(dict(a=1)).model, capsys)
    assert text.startswith("error: the config lacks a setting: ")
    assert "'model'" in text


def test_ctrl_c_leaves_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: fail(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_openmmlab_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise ImportError("mmhg needs mmpose, not installed here")

    monkeypatch.setattr("mmhg.compat.openmmlab.check_installed", refuse)
    text = message(lambda: fail(AssertionError("not reached")), capsys)
    assert text == "error: mmhg needs mmpose, not installed here\n"


def test_an_import_that_fails_in_the_code_keeps_its_traceback() -> None:
    with pytest.raises(ModuleNotFoundError):
        run(lambda: importlib.import_module("mmhg.nosuch"))


def test_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").touch()
    text = message(lambda: (tmp_path / "a").mkdir(exist_ok=True), capsys)
    assert text == f"error: [Errno 17] File exists: '{tmp_path / 'a'}'\n"


@pytest.mark.parametrize(
    "text",
    [
        "[gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:1557. This is",
        "[gloo/transport/tcp/unbound_buffer.cc:78] Timed out waiting 8000ms for recv operation",
        "NCCL communicator was aborted on rank 0.",
        "Gloo connectFullMesh failed with [pair.cc:152] timed out connecting: refused",
    ],
)
def test_a_lost_process(text: str) -> None:
    message = explain(RuntimeError(text))
    assert message is not None
    assert "or did not answer within the seconds of env_cfg.dist_cfg.timeout (" in message
    assert text.partition(". This")[0] in message
    assert message.endswith("Start the job again with --resume")


def test_another_runtime_error_keeps_its_traceback() -> None:
    def multiply() -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        run(multiply)


def test_a_data_set_of_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    class Nobody(BaseDataset):
        def load_data_list(self) -> list[dict]:
            return []

    text = message(lambda: Nobody(ann_file="people.json"), capsys)
    assert "error: Nobody of people.json gives 0 people. Check the dataset of that name" in text
