"""A training whose numbers are not finite any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmhg.config import get_config
from mmhg.engine import DivergenceHook
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint

BATCHES = 4
NAN = float("nan")


class Line(BaseModel):
    """The smallest network: y = w x."""

    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(1))
        self.register_buffer("mask", torch.tensor([-torch.inf, 0.0]))

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = "tensor") -> dict:
        return dict(loss=(self.w * inputs).square().mean())


class RootOfZero(Line):
    """A finite loss whose gradient is not."""

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = "tensor") -> dict:
        return dict(loss=(self.w * 0).sqrt().mean() + inputs.mean())


Train = Callable[..., Runner]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Train a Line: `train(inputs, limit=..., lr=..., ...)`, one number a batch."""

    def run(
        inputs: Sequence[float],
        model: BaseModel | None = None,
        *,
        lr: float = 0.1,
        limit: int = 0,
        epochs: int = 1,
        resume: bool = False,
        wrapper: Callable[[Any], OptimWrapper] | None = None,
        checkpoint: dict[str, Any] | None = None,
    ) -> Runner:
        model = model or Line()
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        data = torch.tensor(inputs)

        def collate(batch: list[Tensor]) -> dict[str, Tensor]:
            return dict(inputs=torch.stack(batch))

        sampler = DefaultSampler(data, shuffle=False)
        saver = dict(type="CheckpointHook", interval=1, max_keep_ckpts=1) | (checkpoint or {})
        runner = Runner(
            model=model,
            work_dir=str(tmp_path / "work"),
            train_dataloader=DataLoader(data, 1, sampler=sampler, collate_fn=collate),
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            optim_wrapper=wrapper(optimizer) if wrapper else OptimWrapper(optimizer),
            default_hooks=dict(checkpoint=saver, logger=dict(type="LoggerHook", interval=2)),
            custom_hooks=[DivergenceHook(limit)],
            default_scope="mmpose",
            resume=resume,
        )
        runner.train()
        return runner

    return run


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what is logged."""
    lines: list[str] = []

    def keep(logger: MMLogger, record: Any) -> None:
        lines.append(str(record.msg))

    monkeypatch.setattr(MMLogger, "callHandlers", keep)
    return lines


def saved(folder: Path) -> dict[str, float]:
    """Read the weight in every checkpoint."""
    return {
        path.name: read_checkpoint(path)["state_dict"]["w"].item()
        for path in (folder / "work").glob("*.pth")
    }


def test_a_finite_training_is_left_alone(train: Train, tmp_path: Path) -> None:
    runner = train([0.5] * BATCHES)
    assert runner.model.w.item() == pytest.approx((1 - 0.1 * 2 * 0.25) ** BATCHES)
    assert saved(tmp_path) == {"epoch_1.pth": pytest.approx(runner.model.w.item())}
    assert not (tmp_path / "work/not_finite").exists()
    assert not runner.optim_wrapper.optimizer._optimizer_step_pre_hooks


@pytest.mark.parametrize("bad", [NAN, float("inf")])
def test_a_loss_stops_the_training_before_the_step(
    train: Train, tmp_path: Path, bad: float
) -> None:
    model = Line()
    with pytest.raises(InputError) as raised:
        train([0.5, 0.5, bad, 0.5], model)
    text = str(raised.value)
    folder = tmp_path / "work/not_finite/iter_3"
    assert text.startswith(f"the loss of iteration 3 (epoch 1) is not finite: loss {bad:g}. Its ")
    assert f"Its batch is in {folder}. Look at the batch" in text
    assert model.w.item() == pytest.approx(0.95**2)  # of the two good steps
    assert json.loads((folder / "batch.json").read_text()) == dict(
        iteration=3,
        epoch=1,
        losses=dict(loss=f"{bad:g}"),
        learning_rates=dict(lr=[0.1]),
        samples=[],
    )
    assert saved(tmp_path) == {}


def test_a_gradient_that_is_not_finite(train: Train) -> None:
    model = RootOfZero()
    with pytest.raises(InputError, match=r"the gradient of iteration 1 \(epoch 1\) is not finite"):
        train([0.5] * BATCHES, model)
    assert model.w.item() == 1


def test_divergence_keeps_the_last_finite_checkpoint(train: Train, tmp_path: Path) -> None:
    # Each step multiplies the weight by about -1e9: finite for one epoch of four steps.
    with pytest.raises(InputError, match=r"of iteration \d \(epoch 2\) is not finite"):
        train([1.0] * BATCHES, lr=1e4, epochs=5)
    (weight,) = saved(tmp_path).values()
    assert abs(weight) < float("inf")
    assert (tmp_path / "work/epoch_1.pth").is_file()


@pytest.mark.parametrize("by_epoch", [True, False])
def test_a_last_step_to_infinity_is_not_saved(train: Train, tmp_path: Path, by_epoch: bool) -> None:
    # The loss and the gradient of the last iteration are finite, the weights after it are not.
    inputs = [1e-6] * 3 + [1e15]
    with pytest.raises(InputError, match=r"has diverged: 1 tensors are not finite \(w"):
        train(inputs, lr=1e9, checkpoint=dict(by_epoch=by_epoch))
    assert saved(tmp_path).keys() == (set() if by_epoch else {"iter_3.pth"})


def test_nothing_that_is_not_finite_is_written_whoever_asks(train: Train, tmp_path: Path) -> None:
    runner = train([0.5] * BATCHES)
    with torch.no_grad():
        runner.model.w.fill_(NAN)
    with pytest.raises(InputError, match=r"1 tensors are not finite \(state_dict\.w\)"):
        runner.save_checkpoint(str(tmp_path), "mine.pth")
    assert not (tmp_path / "mine.pth").exists()
    with pytest.raises(InputError, match="of this training are not finite to begin with"):
        train([0.5] * BATCHES, runner.model)


def test_bad_steps_are_left_out_up_to_a_limit(
    train: Train, tmp_path: Path, said: list[str]
) -> None:
    model = Line()
    train([0.5, NAN, 0.5, 0.5], model, limit=1)
    assert model.w.item() == pytest.approx(0.95**3)
    (line,) = (line for line in said if "not finite" in line)
    assert line.endswith("The step is left out, 1 of 1 before the training stops")
    assert (tmp_path / "work/not_finite/iter_2/batch.json").is_file()
    (tmp_path / "work").rename(tmp_path / "first")
    with pytest.raises(InputError, match="the loss of iteration 4"):
        train([0.5, NAN, 0.5, NAN], limit=1)


def test_a_limit_below_zero() -> None:
    with pytest.raises(InputError, match="limit must be 0 or more, got -1"):
        DivergenceHook(limit=-1)


def scaled(initial: float) -> Callable[[Any], OptimWrapper]:
    """Make a wrapper that scales the loss as in float16, on the CPU."""

    def build(optimizer: Any) -> OptimWrapper:
        wrapper = AmpOptimWrapper.__new__(AmpOptimWrapper)
        OptimWrapper.__init__(wrapper, optimizer)
        wrapper.cast_dtype, wrapper._scale_update_param = torch.bfloat16, None
        wrapper.loss_scaler = torch.amp.GradScaler("cpu", init_scale=initial)
        return wrapper

    return build


def test_an_overflow_under_a_loss_scale_is_told_apart(train: Train, said: list[str]) -> None:
    runner = train([2.0] * 8, wrapper=scaled(2.0**126))
    scale = runner.optim_wrapper.loss_scaler.get_scale()
    assert 2.0**110 < scale < 2.0**126
    assert 0 < runner.model.w.item() < 1
    lines = [line for line in said if "overflowed in float16" in line]
    assert "the loss scale shrank from 8.50706e+37 to" in lines[0]


def test_a_loss_scale_that_shrinks_without_end(train: Train) -> None:
    model = RootOfZero()
    with pytest.raises(InputError, match=r"loss scale of float16 has shrunk to 3\.05176e-05"):
        train([0.5] * 8, model, wrapper=scaled(2.0**-11))
    assert model.w.item() == 1


def test_a_learning_rate_of_a_million(mpii_root: Path, tmp_path: Path) -> None:
    """The default of the configs: the weights that are left are finite."""
    config = get_config("hg1_synthetic_128")
    changes = {"work_dir": str(tmp_path / "work"), "param_scheduler": None}
    changes |= {"model.backbone.channels": 16, "model.backbone.stem_channels": (4, 8, 8)}
    changes |= {"optim_wrapper.optimizer.lr": 1e6, "train_cfg.max_epochs": 20}
    changes |= {"train_cfg.val_interval": 30}
    for name in ("train_dataloader", "val_dataloader"):
        changes |= {f"{name}.num_workers": 0, f"{name}.persistent_workers": False}
        changes |= {f"{name}.batch_size": 2, f"{name}.dataset.data_root": f"{mpii_root}/"}
    config.merge_from_dict(changes)
    with pytest.raises(InputError, match=r"is not finite: loss|the training has diverged"):
        Runner.from_cfg(config).train()
    for path in (tmp_path / "work").glob("*.pth"):
        tensors = read_checkpoint(path)["state_dict"].values()
        assert all(tensor.isfinite().all() for tensor in tensors)
