"""The states of the random generators, as values that a checkpoint can hold."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from mmhg.errors import InputError


def random_states() -> dict[str, Any]:
    """Return the states of Python's, numpy's and torch's generators, of all CUDA devices too."""
    kind, keys, *rest = np.random.get_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return dict(
        python=random.getstate(),
        numpy=(kind, np.asarray(keys).tolist(), *rest),  # an array of uint32 is no plain value
        torch=torch.get_rng_state(),
        cuda=cuda,
    )


def restore_random_states(states: Mapping[str, Any]) -> None:
    """Put back what `random_states` returned. CUDA's states need the same number of devices.

    Raises:
        InputError: These are no such states.
    """
    try:
        cuda = [state.cpu() for state in states["cuda"]]  # a resume may load onto a device
        kind, keys, *rest = states["numpy"]
        np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
        random.setstate(states["python"])
        torch.set_rng_state(states["torch"].cpu())
        if cuda and torch.cuda.is_available() and len(cuda) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(cuda)
    except (AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"the checkpoint's states of the random generators are damaged: {error}"
        ) from error
