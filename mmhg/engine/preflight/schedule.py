"""Follow the learning rate through a training before it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import chain
from typing import Any, NamedTuple

from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop

from mmhg.errors import InputError

DECLINED = 0.5
"""A rate below this share of the highest has come down. After a warm-up it has not."""

NEGLIGIBLE = 50
"""A schedule may end within the last 1 / 50 of the iterations to come."""

ENDLESS = 10**9
"""The end of mmengine's schedulers that were given none."""


class Course(NamedTuple):
    """The learning rate over the iterations to come."""

    first: float
    highest: float
    """Of the training as a whole; a resumed one has it behind itself."""
    last: float


def check_schedule(runner: Any, say: Callable[[str], None]) -> None:
    """Refuse a training whose learning rate has fallen to nothing before its end.

    Args:
        runner: A Runner that has loaded its checkpoint.
        say: Takes what is not wrong but worth knowing.

    Raises:
        InputError: The schedule ends before the training, a resumed training continues one whose
            schedule has ended, or the rate is 0 throughout.
    """
    loop, optimizer = runner.train_loop, runner.optim_wrapper
    if not isinstance(optimizer, OptimWrapper) or loop.iter >= loop.max_iters:
        return
    schedulers = _of_the_rate(runner.param_schedulers or [])
    course = _follow(schedulers, optimizer, loop)
    if course.highest == 0:
        raise InputError(
            "nothing is learned: the learning rate is 0 in the whole training, or every parameter "
            "is frozen. Set optim_wrapper.optimizer.lr, its paramwise_cfg, or the model's "
            "frozen_stages"
        )
    remaining, length = loop.max_iters - loop.iter, _length(loop)
    ended = max([_end(one) * _unit(one, loop) for one in schedulers], default=ENDLESS)
    idle = min(loop.max_iters - ended, remaining)
    if idle > remaining // NEGLIGIBLE and course.last < DECLINED * course.highest:
        of_all = "that are left" if loop.iter else "of the training"
        raise InputError(
            f"param_scheduler ends before {length}: the learning rate stays at {course.last:.3g}, "
            f"{course.last / course.highest:.1g} of its highest, in the last {idle} of the "
            f"{remaining} iterations {of_all}. {_way_out(loop)}"
        )
    if not schedulers:
        return
    say(
        f"learning rate {course.first:.3g} at first, {course.highest:.3g} at its highest, "
        f"{course.last:.3g} at the end"
    )
    for scheduler in schedulers:
        planned = max([_end(scheduler) % ENDLESS, *getattr(scheduler, "milestones", [])])
        if planned * _unit(scheduler, loop) > loop.max_iters:
            unit = "epochs" if scheduler.by_epoch else "iterations"
            say(
                f"{type(scheduler).__name__} is made for {planned} {unit} and cut off by {length}: "
                "the learning rate does not come down as planned"
            )


def _follow(schedulers: Sequence[Any], optimizer: OptimWrapper, loop: Any) -> Course:
    """Step copies of the schedulers, as mmengine's hook does, to the end of the training."""
    stand_in = _StandIn(optimizer)
    copies = []
    for scheduler in schedulers:
        copied = copy(scheduler)
        copied.optimizer, copied.verbose = stand_in, False
        copies.append(copied)
    first = last = stand_in.rate()
    highest = max(stand_in.planned(), first)
    try:
        for last in _rates(copies, stand_in, loop):
            highest = max(highest, last)
    except ValueError as error:  # OneCycleLR's
        raise InputError(
            f"param_scheduler ends before {_length(loop)}: {error}. {_way_out(loop)}"
        ) from error
    return Course(first, highest, last)


_PLANNED = ("initial_lr", "max_lr")
"""What schedulers note in an optimizer's groups of the rates that they begin from or go up to."""


class _StandIn:
    """Stand for the optimizer before a scheduler: its settings without parameters."""

    def __init__(self, optimizer: OptimWrapper) -> None:
        self.param_groups = [
            {name: value for name, value in group.items() if name != "params"}
            for group in optimizer.param_groups
        ]
        self._trained = [
            own
            for own, group in zip(self.param_groups, optimizer.optimizer.param_groups, strict=False)
            if any(parameter.requires_grad for parameter in group["params"])
        ]
        self._global_step = 0

    def step(self) -> None:
        """Do nothing."""

    vars(step)["_with_counter"] = True

    def rate(self) -> float:
        """Return the highest rate of a group that is trained."""
        return max((float(group["lr"]) for group in self._trained), default=0.0)

    def planned(self) -> float:
        """Return the highest rate that a schedule began with or goes up to."""
        rates = [group.get(name, 0.0) for group in self._trained for name in _PLANNED]
        return max(rates, default=0.0)


def _rates(schedulers: Sequence[Any], stand_in: _StandIn, loop: Any) -> Iterator[float]:
    """Yield the rate of each iteration; once for all of an epoch if it does not change in it."""
    by_epoch = [scheduler for scheduler in schedulers if scheduler.by_epoch]
    by_iteration = [scheduler for scheduler in schedulers if not scheduler.by_epoch]
    epoch = _epoch_length(loop)
    done = loop.iter
    while done < loop.max_iters:
        by_iteration = [one for one in by_iteration if one._global_step + 1 < one.end]
        yield stand_in.rate()
        done += 1 if by_iteration else min(epoch - done % epoch, loop.max_iters - done)
        ended = by_epoch if done % epoch == 0 else []
        for scheduler in chain(by_iteration, ended):
            scheduler.step()


def _of_the_rate(schedulers: Any) -> list[Any]:
    """List the schedulers of the learning rate whose course does not depend on scores."""
    if isinstance(schedulers, dict):
        schedulers = list(chain(*schedulers.values()))
    return [
        scheduler
        for scheduler in schedulers
        if scheduler.param_name == "lr" and not getattr(scheduler, "need_val_args", False)
    ]


def _end(scheduler: Any) -> int:
    """Return the step after which a scheduler changes nothing, `ENDLESS` if there is none."""
    steps: int = getattr(scheduler, "total_steps", ENDLESS)
    return min(scheduler.end, scheduler.begin + steps, ENDLESS)


def _unit(scheduler: Any, loop: Any) -> int:
    """Return the number of iterations of a scheduler's step."""
    return _epoch_length(loop) if scheduler.by_epoch else 1


def _epoch_length(loop: Any) -> int:
    epochs = isinstance(loop, EpochBasedTrainLoop)
    return len(loop.dataloader) if epochs else loop.max_iters


def _length(loop: Any) -> str:
    if isinstance(loop, EpochBasedTrainLoop):
        return f"train_cfg.max_epochs={loop.max_epochs}"
    return f"train_cfg.max_iters={loop.max_iters}"


def _way_out(loop: Any) -> str:
    if loop.iter:
        return (
            "A resumed training goes on with the schedule of its checkpoint. To train longer, "
            "begin anew from its weights: set load_from to the checkpoint, without --resume, and "
            "a param_scheduler for the epochs to come"
        )
    return (
        "Set its end (end, total_steps or T_max, in epochs or iterations) to that of the training. "
        "To keep the last rate, append dict(type='ConstantLR', factor=1, begin=..., end=...) to "
        "param_scheduler"
    )
