"""Identify a network's weights independently of the file that they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

_LENGTH = 16


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """Return the beginning of the SHA-256 of names, shapes, types and values of a state dict.

    Device, memory layout and the order of the names do not count.
    """
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}\n".encode())
        values = value.detach().cpu().contiguous().reshape(-1)
        digest.update(values.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:_LENGTH]
