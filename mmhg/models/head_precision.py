"""Keep what a head does with its outputs in single precision while the network computes in less."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

HEADS = ("head", "traj_head")
"""Attributes of MMPose's estimators."""


@contextmanager
def full_precision_heads(model: Any) -> Iterator[None]:
    """Let a model's heads compute losses and decode in float32 within an autocast region.

    MMPose's heads turn their outputs into numpy arrays, which have no bfloat16, and some losses
    take logarithms. For the length of a `with` block a head's layers run as autocast has it, but
    their outputs become float32, and loss and decoding are computed as without autocast. A head
    whose loss does not call its `forward` computes in float32 altogether.

    Args:
        model: A pose estimator of MMPose, not wrapped.
    """
    heads = [head for name in HEADS if isinstance(head := getattr(model, name, None), nn.Module)]
    before = [dict(vars(head)) for head in heads]
    try:
        for head in heads:
            _FullPrecision(head)
        yield
    finally:
        for head, attributes in zip(heads, before, strict=True):
            for name in _FullPrecision.METHODS:
                vars(head).pop(name, None)
                if name in attributes:
                    vars(head)[name] = attributes[name]


class _FullPrecision:
    """Stand before three methods of a head, by attributes of the instance."""

    METHODS = ("forward", "loss", "predict")

    def __init__(self, head: nn.Module) -> None:
        self.region: tuple[str, torch.dtype] | None = None
        own = {name: getattr(head, name) for name in self.METHODS if hasattr(head, name)}
        for name, method in own.items():
            stand_in = self._layers(method) if name == "forward" else self._without_autocast(method)
            vars(head)[name] = stand_in

    def _without_autocast(self, method: Callable) -> Callable:
        def call(features: Any, *args: Any, **settings: Any) -> Any:
            device = _device_type(features)
            if device is None or not torch.is_autocast_enabled(device):
                return method(features, *args, **settings)
            self.region = device, torch.get_autocast_dtype(device)
            try:
                with torch.autocast(device, enabled=False):
                    return method(to_float32(features), *args, **settings)
            finally:
                self.region = None

        return call

    def _layers(self, method: Callable) -> Callable:
        def call(*args: Any, **settings: Any) -> Any:
            if self.region is None:
                return method(*args, **settings)
            device, dtype = self.region
            with torch.autocast(device, dtype=dtype):
                outputs = method(*args, **settings)
            return to_float32(outputs)

        return call


def to_float32(value: Any) -> Any:
    """Convert tensors of 16 bits, in lists, tuples and dictionaries too, to float32."""
    if isinstance(value, Tensor):
        return value.float() if value.dtype in (torch.bfloat16, torch.float16) else value
    if isinstance(value, dict):
        return {name: to_float32(item) for name, item in value.items()}
    return type(value)(map(to_float32, value)) if type(value) in (list, tuple) else value


def _device_type(value: Any) -> str | None:
    """Return the kind of device of the first tensor in lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        return value.device.type
    items = value.values() if isinstance(value, dict) else value
    return next(filter(None, map(_device_type, items)), None) if _nested(value) else None


def _nested(value: Any) -> bool:
    return isinstance(value, list | tuple | dict)
