"""Leave a training as it was: random numbers, statistics of normalization, modes of layers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Put back, at the end of a `with` block, what a batch without an optimizer step changes.

    These are the random numbers of Python, numpy and torch on all devices, the model's buffers
    (such as the running statistics of batch normalization), and which layers are in training mode.
    """
    python, arrays = random.getstate(), np.random.get_state()
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    devices = range(torch.cuda.device_count() if torch.cuda.is_initialized() else 0)
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        for module, training in modes:
            module.training = training
        random.setstate(python)
        np.random.set_state(arrays)
