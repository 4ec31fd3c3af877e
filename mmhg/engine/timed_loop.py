"""Train for a number of minutes, whatever the machine's speed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import LOOPS

from mmhg.engine.resuming.sample_seeds import begin_pass
from mmhg.errors import InputError

WARM_UP = 0.15
"""Share of the time in which the learning rate rises."""


@LOOPS.register_module()
class TimedTrainLoop(EpochBasedTrainLoop):
    """Train for some minutes with one cycle of the learning rate, and end on time.

    The time is divided into rounds of equal length, which are this loop's epochs: after each the
    hooks write a checkpoint, and the network is validated, which belongs to the round's time
    (at least half of it is training). The data are passed through, shuffled, as often as fits. A
    training that was cut resumes after its last round, and takes the time of the rounds that are
    left.

    The learning rate rises from a 25th of the optimizer's to all of it in 15 % of the time, and
    falls to nearly zero by half a cosine each. Set `param_scheduler` to None.

    Args:
        runner: The Runner.
        dataloader: The loader, or its settings.
        minutes: Time for all rounds together.
        rounds: Number of rounds.

    Raises:
        InputError: `minutes` is not positive, or there is no round.
    """

    def __init__(self, runner: Any, dataloader: Any, minutes: float, rounds: int = 5) -> None:
        if not minutes > 0 or rounds < 1:
            raise InputError(
                "TimedTrainLoop needs minutes above 0 and at least one round, got "
                f"minutes={minutes}, rounds={rounds}"
            )
        super().__init__(runner, dataloader, max_epochs=rounds)
        self.seconds = minutes * 60 / rounds
        self._begin: float | None = None  # of the validation that the next round pays for

    def run_epoch(self) -> None:
        """Train for one round."""
        now = time.monotonic()
        spent = min(now - (self._begin or now), self.seconds / 2)
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        for index, batch in enumerate(self._batches()):
            share = min((time.monotonic() - now + spent) / self.seconds, 1.0)
            progress = (self._epoch + share) / self._max_epochs
            self._set_rate(one_cycle(progress))
            self._max_iters = self._expected_iterations(progress)
            self.run_iter(index, batch)
            if share >= 1:
                break
        self._begin = time.monotonic()
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1

    def _batches(self) -> Iterator[Any]:
        """Yield batches without end, shuffled anew in each pass."""
        passes = self._epoch * 10_000  # other orders than those of the round before
        while True:
            if hasattr(self.dataloader.sampler, "set_epoch"):
                self.dataloader.sampler.set_epoch(passes)
            begin_pass(self.dataloader, passes)
            yield from self.dataloader
            passes += 1

    def _expected_iterations(self, progress: float) -> int:
        """Tell hooks how many there will be at this speed, and rightly as the last one begins."""
        done = self._iter + 1
        return done if progress >= 1 else math.ceil(done / max(progress, 0.01)) + 1

    def _set_rate(self, factor: float) -> None:
        for group in self.runner.optim_wrapper.param_groups:
            group["lr"] = factor * group.setdefault("initial_lr", group["lr"])


def one_cycle(progress: float) -> float:
    """Return the learning rate at a share of the time (0 to 1), as a share of the highest."""
    if progress < WARM_UP:
        low, high, share = 1.0, 1 / 25, progress / WARM_UP
    else:
        low, high, share = 1e-4, 1.0, (progress - WARM_UP) / (1 - WARM_UP)
    return low + (high - low) * (1 + math.cos(math.pi * share)) / 2
