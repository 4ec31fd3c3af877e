"""Count the memory of a training step exactly: the tensors alive at its peak."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from mmhg.benchmark.measure import Candidate, Comparison, compare, count
from mmhg.benchmark.training import TrainingRun, training_runs

MEMORY_GOALS = {"ours, with_cp": 0.25, "ours, local": 0.25, "ours, local, with_cp": 0.2}
"""Shares of the plain form's bytes."""

TIME_GOALS = {"ours, with_cp": 1 / 1.45, "ours, local": 1 / 1.1}

_NOTES = {
    "ours, with_cp": "exact gradients",
    "ours, local": "each stack learns from its own loss",
    "ours, local, with_cp": "the same, the stem recomputed",
}


class LiveBytes(TorchDispatchMode):
    """Count the bytes of all live storages that operators return inside this context.

    It works on any device and counts activations, tensors that autograd saves, gradients and
    temporary results. Each storage counts once, however many tensors view it. Memory that a kernel
    uses internally does not count.

    Args:
        ignored: Older tensors that do not count: parameters, buffers, the batch.

    Attributes:
        live: Bytes alive now.
        peak: Most bytes so far.
    """

    def __init__(self, ignored: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in ignored}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_iter(result):
            if isinstance(tensor, Tensor):
                self._follow(tensor.untyped_storage())
        return result

    def _follow(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


def peak_bytes(training_run: TrainingRun) -> int:
    """Count the most bytes alive in one forward and backward pass: activations and gradients.

    Weights, batch and the optimizer's state do not count, since neither memory layout nor
    checkpointing changes them.
    """
    model = training_run.model
    ignored = [*model.parameters(), *model.buffers(), training_run.images, training_run.targets]
    with LiveBytes(ignored) as bytes_alive:
        training_run.backward()
    model.zero_grad()
    return bytes_alive.peak


def run(
    seconds: float = 10.0,
    *,
    num_stacks: int = 8,
    batch: int = 4,
    timed_batch: int = 2,
    size: int = 256,
    **backbone: Any,
) -> list[Comparison]:
    """Measure the peak memory of a training step at a usual batch size, and a step's time.

    Args:
        seconds: Time for the timing.
        num_stacks: Number of stacks of the network.
        batch: Number of images, for the memory.
        timed_batch: Number of images, for the time.
        size: Side of the images in px.
        **backbone: Other settings of `HourglassBackbone`.
    """
    names = ("plain", *MEMORY_GOALS, "ours, --amp, with_cp", "ours, --amp, local, with_cp")
    network = f"{num_stacks} stacks at {size} px"
    values = {
        name: float(peak_bytes(training_run))
        for name, training_run in training_runs(names, num_stacks, batch, size, **backbone)
    }
    memory = count(
        f"Activations and gradients at their peak, training {network}, batch {batch}",
        "bytes",
        values,
        goals=MEMORY_GOALS,
        notes=_NOTES,
        goal_is_share=True,
    )
    time = compare(
        f"Time of the same training step, {network}, batch {timed_batch}",
        "image",
        [
            Candidate(
                name,
                training_run.step,
                units=timed_batch,
                goal=TIME_GOALS.get(name),
            )
            for name, training_run in training_runs(
                ("plain", "ours", *MEMORY_GOALS), num_stacks, timed_batch, size, **backbone
            )
        ],
        seconds=seconds,
        min_rounds=3,
    )
    return [memory, time]
