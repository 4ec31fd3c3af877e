"""PyTorch 2.6 and later load with ``weights_only=True``, which mmengine's checkpoints fail.

They hold numpy scalars and mmengine's ``HistoryBuffer``. Exactly those classes are allowed, so a
checkpoint still cannot run code.
"""

import pickle
from typing import Any

import numpy as np
import torch

# The statistics that HistoryBuffer pickles as ``getattr(HistoryBuffer, name)``.
HISTORY_STATISTICS = ("min", "max", "mean", "current")


def restricted_getattr(owner: Any, name: str) -> Any:
    """Stand-in for ``getattr`` inside checkpoints: HistoryBuffer's own statistics and no more."""
    from mmengine.logging import HistoryBuffer

    if owner is HistoryBuffer and name in HISTORY_STATISTICS:
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(
        f"a checkpoint asks for getattr({owner!r}, {name!r}), which is not allowed"
    )


def allowed_globals() -> list[Any]:
    """Classes of mmengine's checkpoints: objects, or pairs of an object and its pickled name."""
    from mmengine.logging import HistoryBuffer

    try:
        from numpy._core.multiarray import _reconstruct, scalar
    except ImportError:  # numpy 1
        from numpy.core.multiarray import _reconstruct, scalar

    # Checkpoints written under numpy 1 and numpy 2 name the same functions differently.
    functions = [
        (function, f"numpy.{core}.multiarray.{name}")
        for core in ("core", "_core")
        for name, function in (("_reconstruct", _reconstruct), ("scalar", scalar))
    ]
    dtypes = [type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")]
    return [
        HistoryBuffer,
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
