"""Activation checkpointing that leaves batch norm's statistics as they are without it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint


@contextmanager
def statistics_untracked(module: nn.Module) -> Iterator[None]:
    """Inside, batch norms in training mode leave running statistics and their counter alone."""
    norms = [m for m in module.modules() if isinstance(m, _NormBase) and m.track_running_stats]
    training = [norm for norm in norms if norm.training]
    for norm in training:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in training:
            norm.track_running_stats = True


def checkpoint_module(module: nn.Module, x: Tensor) -> Any:
    """``module(x)``, its activations freed and computed again in the backward pass.

    The second computation sees the same batch, so it must not update the statistics again.
    """

    def contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
        return nullcontext(), statistics_untracked(module)

    return checkpoint(module, x, use_reentrant=False, context_fn=contexts)
