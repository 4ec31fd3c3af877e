"""Activation checkpointing with the same batch norm statistics as without it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint


@contextmanager
def keep_statistics(module: nn.Module) -> Iterator[None]:
    """Keep running statistics and counters of batch norms in training mode as they are."""
    norms = [m for m in module.modules() if isinstance(m, _NormBase) and m.training]
    settings = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        # Not track_running_stats=False: autograd would then save other tensors than before.
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, counter) in zip(norms, settings, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, counter


def checkpoint_module(module: nn.Module, x: Tensor) -> Any:
    """Compute `module(x)`; free its activations and compute them again in the backward pass.

    The second computation has the same batch, so it must not update the statistics again.
    `torch.compile` ensures that itself: it repeats values, not their side effects.
    """
    if torch.compiler.is_compiling():
        return checkpoint(module, x, use_reentrant=False)

    def contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
        return nullcontext(), keep_statistics(module)

    return checkpoint(module, x, use_reentrant=False, context_fn=contexts)
