"""The names by which checkpoints hold numpy's scalars and arrays."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np


def numpy_globals() -> dict[str, Any]:
    """Map each name to its object, for the allow-list of `torch.load(weights_only=True)`."""
    # Files written under numpy 1 (core) and numpy 2 (_core) name the functions differently.
    numpy_core = "_core" if find_spec("numpy._core.multiarray") else "core"
    multiarray = import_module(f"numpy.{numpy_core}.multiarray")
    functions = {
        f"numpy.{core}.multiarray.{name}": getattr(multiarray, name)
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    }
    dtypes: list[type] = [
        type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")
    ]
    classes = {f"{kind.__module__}.{kind.__qualname__}": kind for kind in [np.dtype, *dtypes]}
    return {"numpy.ndarray": np.ndarray, **classes, **functions}
