"""Measure a device's peak speed, and the memory that a training step takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

_LAYERS = ((64, 256, 64), (64, 512, 32))
"""Batch, channels and side of 3x3 convolutions that keep a large device busy."""


def convolution_rate(
    device: str,
    *,
    dtype: torch.dtype = torch.bfloat16,
    layers: Sequence[tuple[int, int, int]] = _LAYERS,
    repetitions: int = 30,
) -> float:
    """Measure the device's own peak: FLOP/s of 3x3 convolutions alone, forward, channels last.

    Args:
        device: `cpu` or `cuda`.
        dtype: Type to compute in.
        layers: Batch, channels and side in px of each convolution; the fastest counts.
        repetitions: How often each convolution runs.
    """
    return max(_rate(device, dtype, *layer, repetitions) for layer in layers)


def _rate(
    device: str, dtype: torch.dtype, batch: int, channels: int, side: int, repetitions: int
) -> float:
    layout = dict(device=device, dtype=dtype, memory_format=torch.channels_last)
    layer = nn.Conv2d(channels, channels, 3, padding=1, bias=False).to(**layout)  # type: ignore[call-overload]
    x = torch.randn(batch, channels, side, side).to(**layout)  # type: ignore[call-overload]
    with torch.no_grad():
        seconds = _seconds(lambda: layer(x), device, repetitions)
    return 2 * batch * side**2 * channels**2 * 9 / seconds


def _seconds(run: Callable[[], object], device: str, repetitions: int) -> float:
    """Time repetitions after three that warm up; return the mean, until the device is done."""
    for repetition in range(-3, repetitions):
        if repetition == 0:
            _synchronize(device)
            begin = time.perf_counter()
        run()
    _synchronize(device)
    return (time.perf_counter() - begin) / repetitions


def _synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def training_flops(model: nn.Module, images: Tensor) -> int:
    """Count the FLOP of a training step: three times the convolutions of a forward pass.

    Work that checkpointing does twice counts once.

    Args:
        model: The network, which takes images.
        images: (N, 3, H, W).
    """
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(images)
    return 3 * counter.get_total_flops()


def cuda_peak(step: Callable[[], object]) -> int:
    """Measure the bytes that a step adds on the CUDA device, including those of its kernels."""
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before
