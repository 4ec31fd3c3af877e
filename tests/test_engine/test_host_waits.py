"""A training iteration does not wait for the device."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from torch.utils._python_dispatch import TorchDispatchMode

CONFIGS = Path(__file__).parents[2] / "configs"
CONVERSIONS = ("item", "cpu", "numpy", "tolist")
METHODS = (*CONVERSIONS, "__bool__", "__float__", "__int__", "__index__", "__array__")
ITERATIONS = 52


class Waits(TorchDispatchMode):
    """Counts what would wait for a device: methods of tensors, and PyTorch's own reads."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            self.seen.append("a read inside of PyTorch")
        return func(*args, **(kwargs or {}))

    def counted(self, name: str, method: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.seen.append(name)
            return method(*args, **kwargs)

        return call


@contextmanager
def watched() -> Iterator[Waits]:
    waits = Waits()
    with pytest.MonkeyPatch.context() as patch, waits:
        for name in METHODS:
            patch.setattr(torch.Tensor, name, waits.counted(name, getattr(torch.Tensor, name)))
        yield waits


class WaitsPerIteration(Hook):
    """From an iteration's end to the next one's: fetching the batch and the logger included."""

    priority = 100  # After all others.

    def __init__(self, waits: Waits) -> None:
        self.waits = waits
        self.iterations: list[list[str]] = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if batch_idx == 0:
            self.waits.seen.clear()  # Starting the epoch draws random numbers on the host.

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        self.iterations.append(list(self.waits.seen))
        self.waits.seen.clear()


def training(
    root: Path, work_dir: Path, settings: dict[str, Any], iterations: int = ITERATIONS
) -> Config:
    """A config of ours on four made people, in one epoch of so many iterations."""
    cfg = Config.fromfile(CONFIGS / "hg2_mpii_256.py")
    cfg.work_dir = str(work_dir)
    cfg.model.backbone.update(depth=1, channels=8, stem_channels=(4, 4, 4))
    loader = cfg.train_dataloader
    people = ConfigDict(loader.dataset, data_root=f"{root}/")
    loader.update(
        batch_size=1,
        num_workers=0,
        persistent_workers=False,
        sampler=dict(type="DefaultSampler", shuffle=False),
    )
    loader.dataset = dict(type="RepeatDataset", dataset=people, times=iterations // 4)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.merge_from_dict(
        dict(
            train_cfg=dict(max_epochs=1),
            randomness=dict(seed=0),
            default_hooks=dict(checkpoint=dict(save_best=None)),
        )
    )
    cfg.visualizer.name = str(work_dir)  # Otherwise all runs log into the first one's file.
    cfg.merge_from_dict(settings)
    return cfg


def waits_of(cfg: Config) -> list[list[str]]:
    """What waits in each iteration, the data made by another process."""
    cfg.train_dataloader.num_workers = 1
    runner = Runner.from_cfg(cfg)
    with watched() as waits:
        hook = WaitsPerIteration(waits)
        runner.register_hook(hook)
        runner.train()
    return hook.iterations


CLIP = {"optim_wrapper.clip_grad": dict(max_norm=1e-3)}
ADAM = {"optim_wrapper.optimizer": dict(_delete_=True, type="Adam", lr=1e-3, fused=True)}


@pytest.mark.parametrize(
    "settings",
    [CLIP, {**CLIP, **ADAM, "optim_wrapper.type": "AmpOptimWrapper"}],
    ids=["paper", "amp-adam"],
)
def test_no_waits_but_for_logging(mpii_root: Path, tmp_path: Path, settings: dict) -> None:
    waits = waits_of(training(mpii_root, tmp_path, settings))
    assert len(waits) == ITERATIONS
    logged = waits.pop(49)
    assert logged.count("tolist") == len(logged) - logged.count("a read inside of PyTorch")
    assert logged.count("tolist") == 5  # The total, two losses, the accuracy and the norm.
    assert waits == [[]] * (ITERATIONS - 1)


def test_mmengines_own_hook_waits_in_each_iteration(mpii_root: Path, tmp_path: Path) -> None:
    settings = {**CLIP, "default_hooks.runtime_info": dict(type="RuntimeInfoHook")}
    waits = waits_of(training(mpii_root, tmp_path, settings, iterations=4))
    assert len(waits) == 4
    assert all(len(seen) >= 4 for seen in waits)


def scalars(work_dir: Path) -> list[dict[str, float]]:
    (path,) = work_dir.glob("*/vis_data/scalars.json")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    times = ("time", "data_time", "memory")
    return [{k: v for k, v in record.items() if k not in times} for record in records]


def test_logs_and_checkpoints_are_mmengines(mpii_root: Path, tmp_path: Path) -> None:
    mmengines = {
        **CLIP,
        "default_hooks.runtime_info": dict(type="RuntimeInfoHook"),
        "optim_wrapper.type": "mmengine.OptimWrapper",
    }
    logs, histories = [], []
    for name, settings in (("ours", CLIP), ("mmengines", mmengines)):
        cfg = training(mpii_root, tmp_path / name, settings, iterations=12)
        cfg.log_processor.window_size = 7
        cfg.default_hooks.logger.interval = 5
        Runner.from_cfg(cfg).train()
        logs.append(scalars(tmp_path / name))
        checkpoint = torch.load(tmp_path / name / "epoch_1.pth")
        histories.append(checkpoint["message_hub"]["log_scalars"])
    assert logs[0] == logs[1]
    assert [list(record) for record in logs[0]] == [list(record) for record in logs[1]]
    assert [record["step"] for record in logs[0]] == [5, 10]
    assert {"loss", "loss_stack1", "acc_pose", "grad_norm", "lr"} <= logs[0][0].keys()
    assert list(histories[0]) == list(histories[1])
    for name in set(histories[0]) - {"train/time", "train/data_time"}:
        assert type(histories[0][name]) is HistoryBuffer
        for found, expected in zip(histories[0][name].data, histories[1][name].data, strict=True):
            assert len(found) == 12
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


def test_resuming_goes_on_with_the_history(mpii_root: Path, tmp_path: Path) -> None:
    cfg = training(mpii_root, tmp_path, CLIP, iterations=4)
    Runner.from_cfg(cfg).train()
    cfg = training(mpii_root, tmp_path / "again", CLIP, iterations=4)
    cfg.merge_from_dict(
        dict(resume=True, load_from=str(tmp_path / "epoch_1.pth"), train_cfg=dict(max_epochs=2))
    )
    Runner.from_cfg(cfg).train()
    before, after = (
        torch.load(path)["message_hub"]["log_scalars"]
        for path in (tmp_path / "epoch_1.pth", tmp_path / "again/epoch_2.pth")
    )
    for name in ("train/loss", "train/grad_norm"):
        values = after[name].data[0]
        assert len(values) == 8
        np.testing.assert_array_equal(values[:4], before[name].data[0])
