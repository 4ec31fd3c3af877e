"""A training that ends on time, on a clock that the model moves."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner, find_latest_checkpoint
from torch import Tensor, nn

from mmhg.engine import timed_loop
from mmhg.engine.timed_loop import one_cycle
from mmhg.errors import InputError

STEP, VALIDATION = 1.0, 4.0
"""Seconds of a step, and of a validation of two batches."""


class Clock:
    now = 0.0


class Slow(BaseModel):
    """Takes its time, and notes the learning rates."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, inputs: Tensor, mode: str = "tensor") -> dict | list:
        Clock.now += STEP if mode == "loss" else VALIDATION / 2
        loss = (self.weight * inputs.mean() - 1).square().sum()
        return dict(loss=loss) if mode == "loss" else [{}, {}]


class Notes(Hook):
    """Keeps what a run does; ends it after some rounds if asked to."""

    def __init__(self, rounds: int = 99) -> None:
        self.rates: list[float] = []
        self.batches: list[float] = []
        self.ends: list[tuple[int, float]] = []
        self.rounds = rounds

    def after_train_iter(self, runner, batch_idx, data_batch, outputs) -> None:
        self.rates.append(runner.optim_wrapper.param_groups[0]["lr"])
        self.batches.append(float(data_batch["inputs"][0]))
        assert runner.max_iters > runner.iter

    def after_val(self, runner) -> None:
        self.ends.append((runner.iter, Clock.now))
        if runner.epoch == self.rounds:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    Clock.now = 0.0
    monkeypatch.setattr(timed_loop.time, "monotonic", lambda: Clock.now)


def runner_of(folder: Path, notes: Hook, **settings) -> Runner:
    images = [dict(inputs=torch.tensor(float(i))) for i in range(4)]
    loader = dict(dataset=images, batch_size=2, num_workers=0)
    loader["collate_fn"] = dict(type="default_collate")
    runner = Runner(
        model=Slow(),
        work_dir=str(folder),
        default_scope="mmpose",
        train_dataloader=dict(loader, sampler=dict(type="DefaultSampler", shuffle=True)),
        val_dataloader=dict(loader, sampler=dict(type="DefaultSampler", shuffle=False)),
        train_cfg=dict(type="TimedTrainLoop", minutes=1, rounds=3),
        val_cfg=dict(),
        val_evaluator=[],
        optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.5)),
        default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=1)),
        experiment_name=folder.name,
        **settings,
    )
    runner.register_hook(notes)
    return runner


def test_rounds_with_their_validations_take_the_time(tmp_path):
    notes = Notes()
    runner = runner_of(tmp_path, notes)
    runner.train()
    # 20 s each: 20 steps; then 16 beside the validation of 4 s before. One more ends each round.
    assert [iteration for iteration, _ in notes.ends] == [21, 38, 55]
    assert Clock.now == 55 * STEP + 3 * VALIDATION
    assert runner.max_iters == runner.iter == 55
    assert max(notes.rates) == pytest.approx(0.5, rel=0.02)
    assert notes.rates[0] == pytest.approx(0.5 / 25)
    assert notes.rates.index(max(notes.rates)) == 9  # 15 % of a minute
    assert notes.rates[-1] == pytest.approx(0.5e-4)
    assert len({tuple(notes.batches[i : i + 2]) for i in range(0, 20, 2)}) > 3  # shuffled anew


def test_a_training_that_was_cut_takes_the_rounds_that_are_left(tmp_path):
    whole = Notes()
    runner_of(tmp_path / "whole", whole).train()
    cut, rest = Notes(rounds=1), Notes()
    with pytest.raises(KeyboardInterrupt):
        runner_of(tmp_path / "cut", cut).train()
    last = find_latest_checkpoint(str(tmp_path / "cut"))
    runner = runner_of(tmp_path / "cut", rest, load_from=last, resume=True)
    runner.train()
    assert runner.epoch == 3
    assert cut.rates == whole.rates[:21]
    assert rest.rates[0] == pytest.approx(0.5 * one_cycle(1 / 3))
    assert rest.rates[-1] == pytest.approx(0.5e-4)
    # This time no validation lies ahead of the second round.
    assert [iteration for iteration, _ in rest.ends] == [42, 59]


def test_half_of_a_round_is_training_however_long_validation_takes(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "VALIDATION", 100)
    notes = Notes()
    runner_of(tmp_path, notes).train()
    assert [iteration for iteration, _ in notes.ends] == [21, 32, 43]


def test_the_rate_rises_and_falls():
    assert one_cycle(0) == pytest.approx(1 / 25)
    assert one_cycle(0.15) == pytest.approx(1)
    assert one_cycle(0.575) == pytest.approx(0.5, abs=1e-3)
    assert one_cycle(1) == pytest.approx(1e-4)


@pytest.mark.parametrize(("minutes", "rounds"), [(0, 5), (-1, 5), (1, 0)])
def test_no_time_is_an_error(minutes, rounds):
    with pytest.raises(InputError, match=f"minutes={minutes}, rounds={rounds}"):
        timed_loop.TimedTrainLoop(None, None, minutes=minutes, rounds=rounds)
