"""A training of a moment, with everything random and averaged that a training may have."""

import gc
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmhg.engine import CheckpointHook

EPOCHS = 4
VALIDATION = [dict(inputs=torch.tensor([0.5, 0.1, 0.9]) * number) for number in range(6)]


class Noisy(Dataset):
    """Samples that are drawn by each of the three generators."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        drawn = torch.tensor([random.random(), np.random.rand(), torch.rand(1).item()])
        return dict(inputs=drawn + index)


class Model(BaseModel):
    """Has batch norm, and a dropout that draws in the main process."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.ReLU(), nn.Linear(8, 1)
        )

    def forward(self, inputs: Tensor, mode: str = "tensor") -> Any:
        outputs = self.layers(inputs)
        if mode == "loss":
            return dict(loss=(outputs - inputs.sum(1, keepdim=True)).square().mean())
        return outputs if mode == "tensor" else [dict(output=output) for output in outputs]


class Score(BaseMetric):
    """Goes up and down, unlike a loss."""

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        score = float(sum(result["output"] for result in results)) * 1000 % 1
        return dict(score=score, other=1 - score)


class Killed(BaseException):
    """Stand for a signal in a test."""


class Kill(Hook):
    """Ends the training at the n-th call of one of its stages."""

    priority = "VERY_HIGH"

    def __init__(self, stage: str, count: int) -> None:
        self.count = count
        setattr(self, stage, self._call)

    def _call(self, *args: Any, **kwargs: Any) -> None:
        self.count -= 1
        if self.count == 0:
            raise Killed


def build(folder: Path, *, workers: int = 0, kill: Hook | None = None, **settings: Any) -> Runner:
    torch.manual_seed(0)  # of the initial weights; the Runner seeds the rest
    loader = dict(batch_size=2, num_workers=workers)
    loader.update(persistent_workers=workers > 0, collate_fn=dict(type="default_collate"))
    in_order = dict(type="DefaultSampler", shuffle=False)
    schedule = dict(type="CosineAnnealingLR", T_max=EPOCHS, convert_to_iter_based=True)
    saving = dict(
        type="CheckpointHook", interval=1, max_keep_ckpts=2, save_best="score", rule="greater"
    )
    saving.update(settings.pop("checkpoint", {}))
    return Runner(
        **dict(
            model=Model(),
            work_dir=str(folder),
            default_scope="mmpose",
            train_dataloader=dict(loader, dataset=Noisy(), sampler=dict(type="DefaultSampler")),
            val_dataloader=dict(loader, dataset=VALIDATION, sampler=in_order),
            train_cfg=dict(by_epoch=True, max_epochs=EPOCHS),
            val_cfg=dict(),
            val_evaluator=Evaluator(Score()),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.01, momentum=0.9)),
            param_scheduler=[schedule],
            default_hooks=dict(checkpoint=saving),
            custom_hooks=[
                dict(type="EMAHook", momentum=0.3),
                dict(type="PreciseBNHook", batches=2),
                *([kill] if kill else []),
            ],
            randomness=dict(seed=3),
            experiment_name=f"{folder.name}_{random.getrandbits(64)}",
            log_level="WARNING",
        )
        | settings
    )


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Runner]:
    """Return a function that trains in a folder, and perhaps is killed."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)  # a busy disk would take seconds

    def run(folder: Path, stage: str | None = None, count: int = 1, **settings: Any) -> Any:
        if stage is None:
            runner = build(folder, **settings)
            runner.train()
            return runner
        with pytest.raises(Killed):
            build(folder, kill=Kill(stage, count), **settings).train()
        gc.collect()  # ends the loader's workers
        return None

    return run


def hook_of(runner: Runner) -> CheckpointHook:
    return next(hook for hook in runner.hooks if isinstance(hook, CheckpointHook))


def saved(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.pth"))


def weights(path: Path) -> dict[str, Tensor]:
    """Return what a training ends with: weights, averages, the optimizer's state."""
    content = torch.load(path, weights_only=True)
    states = content["optimizer"]["state"].items()
    momentum = {f"momentum.{key}": state["momentum_buffer"] for key, state in states}
    averages = {f"ema.{key}": value for key, value in content["ema_state_dict"].items()}
    return content["state_dict"] | averages | momentum


def assert_equal(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert list(found) == list(wanted)
    for key, value in wanted.items():
        assert torch.equal(found[key], value), key
