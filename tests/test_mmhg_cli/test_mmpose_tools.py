"""MMPose's tools, run with mmhg registered."""

from pathlib import Path
from types import ModuleType

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from mmhg.engine import PreflightHook
from mmhg_cli import main, mmpose_tools
from mmhg_cli.command_line import parser
from mmhg_cli.mmpose_tools import load_mmpose_tool

SEEN: list[Config] = []
HOOKS: list[Hook] = []


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Replace training in MMPose's tools/train.py by keeping the config and the hooks."""
    monkeypatch.chdir(tmp_path)
    HOOKS.clear()

    class Runner:
        train_dataloader = (None,)

        @staticmethod
        def from_cfg(cfg: Config) -> "Runner":
            SEEN.append(cfg)
            return Runner()

        def register_hook(self, hook: Hook) -> None:
            HOOKS.append(hook)

        def train(self) -> None:
            pass

    tool = load_mmpose_tool("train.py")

    def load(name: str) -> ModuleType:
        tool.Runner = Runner  # type: ignore[attr-defined]
        return tool

    monkeypatch.setattr(mmpose_tools, "load_mmpose_tool", load)
    return tool


def config_of(*flags: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Return the config that training starts with under these flags."""
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert main(["train", *flags]) == 0
    return SEEN.pop()


def test_config_by_name(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = config_of("hg2_mpii_256", monkeypatch=monkeypatch)
    assert cfg.model.backbone.num_stacks == 2
    assert cfg.work_dir == "./work_dirs/hg2_mpii_256"


def test_training_begins_with_the_preflight(
    train: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_of("hg2_mpii_256", monkeypatch=monkeypatch)
    (hook,) = HOOKS
    assert isinstance(hook, PreflightHook)
    config_of("hg2_mpii_256", "--no-preflight", monkeypatch=monkeypatch)
    assert len(HOOKS) == 1


def test_a_work_directory_that_cannot_be_written_to_is_named(
    train: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["train", "hg2_mpii_256", "--work-dir", "file/run"]) == 2
    assert not SEEN
    text = capsys.readouterr().err
    assert "error: checkpoints cannot be written to file/run: Not a directory. Set work_dir" in text


def test_flags_of_mmpose(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = "--resume --amp --auto-scale-lr --no-validate --work-dir w --cfg-options model.a=1"
    cfg = config_of("hg2_mpii_256", *flags.split(), monkeypatch=monkeypatch)
    assert (cfg.resume, cfg.load_from) == (True, None)
    assert cfg.optim_wrapper.type == "AmpOptimWrapper"
    assert cfg.auto_scale_lr.enable
    assert cfg.val_cfg is None
    assert (cfg.work_dir, cfg.model.a) == ("w", 1)


def test_resuming_a_fine_tuning(
    train: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins with its weights, and goes on from its own checkpoints."""
    monkeypatch.chdir(tmp_path)
    flags = ["--resume", "--work-dir", "w", "--cfg-options", "load_from=hg2_lspet_128"]
    cfg = config_of("hg2_lspet_128", *flags, monkeypatch=monkeypatch)
    assert (cfg.resume, cfg.load_from) == (False, "hg2_lspet_128")
    training = dict(meta=dict(epoch=1, iter=1), state_dict=dict(a=torch.ones(1)), optimizer=[1])
    training["message_hub"] = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    torch.save(training, "w/epoch_1.pth")
    cfg = config_of("hg2_lspet_128", *flags, monkeypatch=monkeypatch)
    assert (cfg.resume, cfg.load_from) == (True, None)


@pytest.mark.parametrize(
    ("launcher", "cuda", "backend"),
    [("none", False, "nccl"), ("pytorch", False, "gloo"), ("pytorch", True, "nccl")],
)
def test_gloo_between_processes_without_cuda(
    launcher: str,
    cuda: bool,
    backend: str,
    train: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    cfg = config_of("hg2_mpii_256", "--launcher", launcher, monkeypatch=monkeypatch)
    assert cfg.env_cfg.dist_cfg.backend == backend
    if backend == "gloo":
        assert cfg.model_wrapper_cfg.device_ids is None
    else:
        assert "model_wrapper_cfg" not in cfg


def test_json_dump_joins_the_evaluators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = load_mmpose_tool("test.py")
    merge = mmpose_tools.adapted(tool.merge_args, ("test",))
    torch.save({}, tmp_path / "x.pth")
    for name in ("preds.json", "preds.pkl"):
        monkeypatch.setenv("LOCAL_RANK", "0")
        words = ["test", "hg2_mpii_256", str(tmp_path / "x.pth"), "--dump", name]
        args = parser().parse_args(words)
        args.cfg_options = {}
        cfg = merge(mmpose_tools.get_config("hg2_mpii_256"), args)
        kind = "DumpKeypoints" if name == "preds.json" else "DumpResults"
        assert cfg.test_evaluator == [
            dict(type="PCKhMetric"),
            dict(type=kind, out_file_path=name),
        ]


def test_flags_that_do_not_fit_the_config(
    train: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "bare.py"
    path.write_text("default_hooks = dict()")
    assert main(["train", str(path), "--show-dir", "x"]) == 2
    text = capsys.readouterr().err
    assert text.startswith(f"error: {path} and the flags do not fit: PoseVisualizationHook")


def test_tool_beside_the_package_in_a_clone_of_mmpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmpose, "__file__", str(tmp_path / "mmpose/__init__.py"))
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/train.py").write_text("here = __file__")
    assert load_mmpose_tool("train.py").here == str(tmp_path / "tools/train.py")


def test_mmpose_without_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mmpose, "__file__", str(tmp_path / "mmpose/__init__.py"))
    assert main(["train", "hg2_mpii_256"]) == 2
    assert "came without tools/train.py. Reinstall it" in capsys.readouterr().err
