"""Batch norm's statistics, measured anew before validations."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from mmhg.engine.hooks import PreciseBNHook
from mmhg.errors import InputError

BATCHES = [torch.arange(8.0).reshape(4, 2, 1, 1) * 10**power for power in range(3)]


class Estimator(nn.Module):
    """A batch norm behind a data preprocessor that doubles."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(2)

    def data_preprocessor(self, batch: dict[str, Tensor], training: bool) -> dict[str, Any]:
        assert training
        return dict(inputs=2 * batch["inputs"], data_samples=None)

    def forward(self, inputs: Tensor, data_samples: None, mode: str) -> Tensor:
        assert mode == "tensor"
        return self.norm(inputs)


def run_epoch(hook: PreciseBNHook, epoch: int, **loop: int) -> Estimator:
    """Let the hook see the end of an epoch, counted from 1."""
    model = Estimator()
    settings = dict(max_epochs=10, val_begin=1, val_interval=3) | loop
    hook.after_train_epoch(
        SimpleNamespace(
            epoch=epoch - 1,
            model=model,
            train_loop=SimpleNamespace(**settings),
            val_loop=object(),
            train_dataloader=[dict(inputs=batch) for batch in BATCHES],
            optim_wrapper=OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0)),
        )
    )
    return model


@pytest.mark.parametrize("batches", [2, 200])
def test_statistics_are_the_average_of_the_batches(batches: int) -> None:
    model = run_epoch(PreciseBNHook(batches), epoch=3)
    used = torch.stack(BATCHES[:batches]) * 2  # batches, 4, 2, 1, 1
    torch.testing.assert_close(model.norm.running_mean, used.mean(dim=1).mean(dim=0).flatten())
    torch.testing.assert_close(model.norm.running_var, used.var(dim=1).mean(dim=0).flatten())
    assert model.norm.momentum == 0.1 and model.training
    assert model.norm.weight.grad is None


@pytest.mark.parametrize(
    ("epoch", "loop", "measured"),
    [
        (2, {}, False),
        (3, {}, True),
        (3, dict(val_begin=4), False),
        (10, {}, True),  # the last one
    ],
)
def test_only_before_a_validation_and_at_the_end(
    epoch: int, loop: dict[str, int], measured: bool
) -> None:
    model = run_epoch(PreciseBNHook(), epoch, **loop)
    assert bool(model.norm.running_mean.any()) is measured


def test_refuses_no_batches() -> None:
    with pytest.raises(InputError, match="batches must be at least 1, got 0"):
        PreciseBNHook(0)
