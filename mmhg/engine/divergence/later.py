"""Read booleans from a GPU without waiting for it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

KEPT = 4
"""Batches that are kept until their result is known. A GPU is seldom an iteration behind."""


@dataclass
class Step:
    """An iteration of a training, and what is needed to report it."""

    iteration: int
    """From 1."""
    epoch: int
    """From 1."""
    batch: Any
    """As the loader gave it; None where the device was too far behind."""
    losses: dict[str, Any]


class LaterBool:
    """A boolean that is copied from its device while the program goes on."""

    def __init__(self, value: Tensor) -> None:
        self.value, self.event = value, None
        if value.is_cuda:
            self.value = torch.empty((), dtype=torch.bool, pin_memory=True)
            self.value.copy_(value, non_blocking=True)
            self.event = torch.cuda.Event()
            self.event.record()

    def ready(self) -> bool:
        """Tell if it can be read without waiting."""
        here: bool = self.value.device.type == "cpu"
        return here and (self.event is None or self.event.query())

    def __bool__(self) -> bool:
        if self.event is not None:
            self.event.synchronize()
        return bool(self.value)


class Pending:
    """Steps of which it is not known yet whether their numbers are finite."""

    def __init__(self) -> None:
        self._steps: deque[tuple[LaterBool, Step]] = deque()

    def add(self, finite: LaterBool, step: Step) -> None:
        """Add the latest step."""
        self._steps.append((finite, step))
        if len(self._steps) > KEPT:
            self._steps[-KEPT - 1][1].batch = None

    def pop_bad(self, wait: bool) -> list[Step]:
        """Forget the steps that are known, and return those of them that are not finite.

        Args:
            wait: Wait for the device, so that all are known.
        """
        bad = []
        while self._steps and (wait or self._steps[0][0].ready()):
            finite, step = self._steps.popleft()
            if not finite:
                bad.append(step)
        return bad
