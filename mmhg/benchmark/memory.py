"""Memory of a training step: the tensors alive at its worst moment, counted exactly."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from mmhg.benchmark.measure import Candidate, Comparison, compare, count
from mmhg.benchmark.training import Trainee, trainees

MEMORY_GOAL = 0.25
TIME_GOAL = 1 / 1.45


class LiveBytes(TorchDispatchMode):
    """Inside, follows the bytes of all storages that operators return while they are alive.

    On any device: activations, what autograd saves, gradients and temporary results, each storage
    once, however many tensors view it. What a kernel uses within itself is not seen.

    Args:
        apart: Tensors from before that do not count: parameters, buffers, the batch.

    Attributes:
        live: Bytes alive now.
        peak: The most so far.
    """

    def __init__(self, apart: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in apart}

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


def peak_bytes(trainee: Trainee) -> int:
    """Most bytes alive in one forward and backward pass: activations and gradients.

    The weights, the batch and the optimiser's state are not in it: no layout or checkpointing
    changes them.
    """
    model = trainee.model
    apart = [*model.parameters(), *model.buffers(), trainee.images, trainee.targets]
    with LiveBytes(apart) as bytes_alive:
        trainee.backward()
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
    """Peak memory of a training step at a batch as people train, and the time of a step.

    Args:
        seconds: For the timing.
        num_stacks: Of the network.
        batch: Images, for the memory.
        timed_batch: Images, for the time.
        size: Side of the images in px.
        **backbone: Other settings of `HourglassBackbone`.
    """
    names = ("plain", "ours, with_cp", "ours, --amp, with_cp")
    network = f"{num_stacks} stacks at {size} px"
    values = {
        name: float(peak_bytes(trainee))
        for name, trainee in trainees(names, num_stacks, batch, size, **backbone)
    }
    memory = count(
        f"Activations and gradients at their peak, training {network}, batch {batch}",
        "bytes",
        values,
        goals={"ours, with_cp": MEMORY_GOAL},
        notes={"ours, with_cp": "exact gradients"},
        goal_is_share=True,
    )
    time = compare(
        f"Time of the same training step, {network}, batch {timed_batch}",
        "image",
        [
            Candidate(
                name,
                trainee.step,
                units=timed_batch,
                goal=TIME_GOAL if name == "ours, with_cp" else None,
            )
            for name, trainee in trainees(names[:2], num_stacks, timed_batch, size, **backbone)
        ],
        seconds=seconds,
        min_rounds=3,
    )
    return [memory, time]
