"""Skip mmengine's objects in the checkpoint of a training, without mmengine or its code.

Such a file holds numpy's scalars, mmengine's `HistoryBuffer` and the annealing function of its
one-cycle schedule. `torch.load(weights_only=True)` refuses them unless their names are allowed.
Here each of mmengine's names is allowed to mean an object that does nothing.
"""

from __future__ import annotations

import pickle  # noqa: TID251  its exception
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch

from mmhg.utils.numpy_pickles import numpy_globals

_METHODS = ("min", "max", "mean", "current", "_annealing_cos", "_annealing_linear")
"""Methods that mmengine pickles, as `getattr(owner, name)`."""

_LOCK = Lock()  # PyTorch has one allow-list for all threads


class Ignored:
    """Stand for an object of mmengine's, and keep nothing of it."""

    def __setstate__(self, state: Any) -> None:
        """Drop the state."""


def ignored_method(owner: Any, name: str) -> None:
    """Stand for `getattr` in the file: look nothing up, and refuse names not of mmengine."""
    if name not in _METHODS:
        raise pickle.UnpicklingError(f"it asks for getattr({owner!r}, {name!r})")


_PLACEHOLDERS = {
    "mmengine.logging.history_buffer.HistoryBuffer": Ignored,
    "mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler": Ignored,
    "builtins.getattr": ignored_method,
}


@contextmanager
def skip_mmengine() -> Iterator[None]:
    """Let `torch.load(weights_only=True)` skip mmengine's objects while the block runs.

    Names that the process already allows, as `mmhg.compat` does, keep their meaning.
    """
    with _LOCK:
        known = {_name(entry) for entry in torch.serialization.get_safe_globals()}
        allowed = (numpy_globals() | _PLACEHOLDERS).items()
        new: list[Any] = [(value, name) for name, value in allowed if name not in known]
        with torch.serialization.safe_globals(new):
            yield


def _name(entry: Any) -> str:
    """Return the name that an entry of PyTorch's allow-list allows."""
    return entry[1] if isinstance(entry, tuple) else f"{entry.__module__}.{entry.__qualname__}"
