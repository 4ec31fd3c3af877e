"""Tell whether tensors are finite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm


def all_finite(tensors: Iterable[Tensor]) -> Tensor:
    """Return a boolean on the tensors' device, without waiting for the device."""
    largest = get_total_norm(list(tensors), norm_type=float("inf"))  # not 2, which overflows
    return torch.isfinite(largest)


def not_finite(named: Iterable[tuple[str, Tensor]]) -> list[str]:
    """Name the tensors that are not finite. This waits for the device, once if there are none."""
    floating = [(name, tensor.detach()) for name, tensor in named if _can_diverge(tensor)]
    if not floating or bool(all_finite(tensor for _, tensor in floating)):
        return []
    return [name for name, tensor in floating if not bool(torch.isfinite(tensor).all())]


def named_tensors(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """List the tensors in dictionaries and lists, with names as `optimizer.0.exp_avg`."""
    if isinstance(value, Tensor):
        yield name, value
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    for key, item in items:
        yield from named_tensors(item, f"{name}.{key}" if name else str(key))


def _can_diverge(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and tensor.numel() > 0 and not tensor.is_meta
