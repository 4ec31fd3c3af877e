"""Take the wrapper for several devices off a model."""

from __future__ import annotations

from mmengine.model import is_model_wrapper
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel


def unwrap(model: nn.Module) -> nn.Module:
    """Return the module inside of a wrapper such as `MMDistributedDataParallel`, or the model."""
    inner: nn.Module = model.module if is_model_wrapper(model) else model  # type: ignore[assignment]
    return inner


def is_sharded(model: nn.Module) -> bool:
    """Tell if each process has only a part of a model's parameters, which FSDP gathers."""
    return isinstance(model, FullyShardedDataParallel)
