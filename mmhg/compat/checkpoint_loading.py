"""PyTorch 2.6 and later load with ``weights_only=True``, which mmengine's checkpoints fail.

They hold numpy scalars, mmengine's ``HistoryBuffer`` and the annealing function of its one-cycle
schedule. Exactly those are allowed, so a checkpoint still cannot run code.
"""

import pickle
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch


def allowed_attributes() -> dict[type, tuple[str, ...]]:
    """What mmengine pickles as ``getattr(owner, name)``: plain functions without side effects."""
    from mmengine.logging import HistoryBuffer
    from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

    return {
        HistoryBuffer: ("min", "max", "mean", "current"),
        OneCycleParamScheduler: ("_annealing_cos", "_annealing_linear"),
    }


def restricted_getattr(owner: Any, name: str) -> Any:
    """Stand-in for ``getattr`` inside checkpoints: ``allowed_attributes`` and no more."""
    for allowed, names in allowed_attributes().items():
        if owner is allowed and name in names:
            return getattr(allowed, name)
    raise pickle.UnpicklingError(
        f"a checkpoint asks for getattr({owner!r}, {name!r}), which is not allowed"
    )


def allowed_globals() -> list[Any]:
    """What mmengine's checkpoints name: objects, or pairs of an object and its pickled name."""
    # Checkpoints written under numpy 1 (core) and numpy 2 (_core) name the functions differently.
    numpy_core = "_core" if find_spec("numpy._core.multiarray") else "core"
    multiarray = import_module(f"numpy.{numpy_core}.multiarray")
    functions = [
        (getattr(multiarray, name), f"numpy.{core}.multiarray.{name}")
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    ]
    dtypes = [type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")]
    return [
        *allowed_attributes(),
        np.ndarray,
        np.dtype,
        *dtypes,
        *functions,
        (restricted_getattr, "builtins.getattr"),
    ]


def apply() -> None:
    """Register the allow-list; older PyTorch has no such list and is left alone."""
    if hasattr(torch.serialization, "add_safe_globals"):
        torch.serialization.add_safe_globals(allowed_globals())
