"""The learning rate of a training, followed before it begins."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import PARAM_SCHEDULERS

from mmhg.engine.preflight.schedule import check_schedule
from mmhg.errors import InputError

PER_EPOCH = 10


def runner(*settings: dict[str, Any], epochs: int, lr: float = 0.1) -> Any:
    """Make what the check needs of a Runner, PER_EPOCH iterations an epoch."""
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    vars(loop).update(_epoch=0, _iter=0, _max_epochs=epochs, _max_iters=epochs * PER_EPOCH)
    vars(loop)["dataloader"] = range(PER_EPOCH)
    wrapper = OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=lr))
    schedulers = []
    for one in settings:
        kind = PARAM_SCHEDULERS.get(f"mmengine.{one['type']}")
        rest = {key: value for key, value in one.items() if key not in ("type", "convert")}
        if one.get("convert"):
            schedulers.append(
                kind.build_iter_from_epoch(wrapper, epoch_length=PER_EPOCH, by_epoch=True, **rest)
            )
        else:
            schedulers.append(kind(wrapper, **rest))
    return SimpleNamespace(train_loop=loop, optim_wrapper=wrapper, param_schedulers=schedulers)


def train(made: Any, epochs: int) -> list[float]:
    """Step as a training does, and return the rate of each iteration."""
    rates = []
    loop = made.train_loop
    for _ in range(epochs):
        for _ in range(PER_EPOCH):
            rates.append(made.optim_wrapper.param_groups[0]["lr"])
            loop._iter += 1
            [one.step() for one in made.param_schedulers if not one.by_epoch]
        loop._epoch += 1
        [one.step() for one in made.param_schedulers if one.by_epoch]
    return rates


def said(made: Any) -> list[str]:
    lines: list[str] = []
    check_schedule(made, lines.append)
    return lines


ONE_CYCLE = dict(type="OneCycleLR", eta_max=0.1, total_steps=5, convert=True)
COSINE = dict(type="CosineAnnealingLR", begin=0, end=5)
WARM_UP = dict(type="LinearLR", start_factor=0.001, begin=0, end=15, by_epoch=False)
STEPS = dict(type="MultiStepLR", milestones=[6, 8], gamma=0.1)


@pytest.mark.parametrize(
    "settings",
    [
        [ONE_CYCLE],
        [COSINE],
        [dict(COSINE, convert=True)],
        [dict(type="PolyLR", begin=0, end=5)],
        [WARM_UP],
        [WARM_UP, dict(COSINE, begin=1)],
        [],
    ],
    ids=str,
)
def test_a_schedule_that_fits_and_its_course(settings: list[dict]) -> None:
    made = runner(*settings, epochs=5)
    before = [dict(vars(one)) for one in made.param_schedulers]
    lines = said(made)
    assert [dict(vars(one)) for one in made.param_schedulers] == before
    rates = train(made, 5)
    expected = [
        f"learning rate {rates[0]:.3g} at first, {max(*rates, 0.1):.3g} at its highest, "
        f"{rates[-1]:.3g} at the end"
    ]
    assert lines == (expected if settings else [])


@pytest.mark.parametrize(
    "settings",
    [
        [WARM_UP, STEPS],
        [WARM_UP, dict(STEPS, end=10)],
        [dict(COSINE, eta_min=0.01), dict(type="ConstantLR", factor=1.0, begin=5, end=10)],
        [dict(type="CosineAnnealingLR", T_max=3)],
    ],
    ids=str,
)
def test_a_schedule_that_ends_as_wanted(settings: list[dict]) -> None:
    assert len(said(runner(*settings, epochs=10))) == 1


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (ONE_CYCLE, "Tried to step 52 times"),
        (dict(ONE_CYCLE, end=5), "stays at 4e-07, 4e-06 of its highest, in the last 50 of the 100"),
        (COSINE, r"stays at 0\.00955, 0\.1 of its highest, in the last 50 of the 100 iterations"),
        (
            dict(COSINE, convert=True),
            r"stays at 9\.87e-05, 0\.001 of its highest, in the last 50 of",
        ),
        (dict(type="PolyLR", begin=0, end=5), "in the last 50 of the 100 iterations"),
        (dict(type="LinearLR", start_factor=1, end_factor=0.1, end=9), "in the last 10 of the 100"),
        (dict(STEPS, end=9), r"stays at 0\.001, 0\.01 of its highest, in the last 10 of the 100"),
    ],
    ids=str,
)
def test_a_schedule_that_ends_before_the_training(settings: dict, reason: str) -> None:
    with pytest.raises(InputError) as raised:
        said(runner(settings, epochs=10))
    text = str(raised.value)
    assert text.startswith("param_scheduler ends before train_cfg.max_epochs=10: ")
    assert re.search(reason, text)
    assert "Set its end (end, total_steps or T_max" in text


@pytest.mark.parametrize("settings", [dict(COSINE, convert=True), ONE_CYCLE, COSINE], ids=str)
def test_a_resume_at_the_rate_of_a_finished_schedule(settings: dict) -> None:
    made = runner(settings, epochs=5)
    train(made, 5)
    said(made)  # nothing is left to train
    vars(made.train_loop).update(_max_epochs=6, _max_iters=6 * PER_EPOCH)
    with pytest.raises(InputError, match="set load_from to the checkpoint, without --resume"):
        said(made)


def test_a_resume_within_a_schedule_is_fine() -> None:
    made = runner(dict(COSINE, convert=True), epochs=5)
    train(made, 4)
    (course,) = said(made)
    assert course.startswith("learning rate 0.00955 at first, 0.1 at its highest, ")


def test_a_rate_of_zero() -> None:
    nothing = "nothing is learned: the learning rate is 0 in the whole training, or every parameter"
    with pytest.raises(InputError, match=nothing):
        said(runner(epochs=2, lr=0.0))
    frozen = runner(ONE_CYCLE, epochs=5)
    frozen.optim_wrapper.optimizer.param_groups[0]["params"][0].requires_grad = False
    with pytest.raises(InputError, match=nothing):
        said(frozen)


def test_a_rate_of_zero_for_each_parameter() -> None:
    made = runner(epochs=2)
    groups = [dict(params=[torch.nn.Parameter(torch.ones(1))], lr=0.0) for _ in range(2)]
    made.optim_wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.1))
    assert max(group["lr"] for group in made.optim_wrapper.param_groups) == 0.1  # mmengine's own
    with pytest.raises(InputError, match="the learning rate is 0"):
        said(made)


@pytest.mark.parametrize(
    ("settings", "planned"),
    [
        (ONE_CYCLE, "OneCycleLR is made for 50 iterations"),
        (COSINE, "CosineAnnealingLR is made for 5 epochs"),
        (STEPS, "MultiStepLR is made for 8 epochs"),
    ],
)
def test_a_schedule_that_is_cut_off_is_said(settings: dict, planned: str) -> None:
    _, cut = said(runner(settings, epochs=3))
    assert cut.startswith(f"{planned} and cut off by train_cfg.max_epochs=3")
