"""Let PyTorch 2.6 and later load mmengine's checkpoints, with `weights_only=True`.

They hold numpy scalars, mmengine's `HistoryBuffer` and the annealing function of its one-cycle
schedule. Exactly those are allowed, so a checkpoint still cannot run code.
"""

import pickle  # noqa: TID251  its exception
from typing import Any

import torch

from mmhg.utils.numpy_pickles import numpy_globals


def allowed_attributes() -> dict[type, tuple[str, ...]]:
    """List the functions that mmengine pickles as `getattr(owner, name)`: none has side effects."""
    from mmengine.logging import HistoryBuffer
    from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

    return {
        HistoryBuffer: ("min", "max", "mean", "current"),
        OneCycleParamScheduler: ("_annealing_cos", "_annealing_linear"),
    }


def restricted_getattr(owner: Any, name: str) -> Any:
    """Stand for `getattr` in checkpoints: look up `allowed_attributes` and no more."""
    for allowed, names in allowed_attributes().items():
        if owner is allowed and name in names:
            return getattr(allowed, name)
    raise pickle.UnpicklingError(
        f"a checkpoint asks for getattr({owner!r}, {name!r}), which is not allowed"
    )


def allowed_globals() -> list[Any]:
    """List the objects that these checkpoints name, or pairs of an object and its pickled name."""
    return [
        *allowed_attributes(),
        *((value, name) for name, value in numpy_globals().items()),
        (restricted_getattr, "builtins.getattr"),
    ]


def apply() -> None:
    """Register the allow-list. Older PyTorch has no such list and is left alone."""
    if hasattr(torch.serialization, "add_safe_globals"):
        torch.serialization.add_safe_globals(allowed_globals())
