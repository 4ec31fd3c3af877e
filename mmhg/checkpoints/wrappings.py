"""Take a network's weights out of the wrappings in which people save them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmhg.errors import InputError

STATE_NAMES = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")
"""Keys under which checkpoints have a state dict, the usual one first."""

WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
"""Modules of PyTorch around a module: `torch.compile`, FSDP, activation checkpointing."""

OUTER = frozenset({"module", "model"})
"""Names of a whole network inside of another module: DataParallel's, and most trainers'."""

_DEEPEST = 4
_FINITE = {"weight", "bias", "running_mean", "running_var"}


def find_state(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state dict of a checkpoint, which may lie several dicts deep.

    It is the dict under the first of `STATE_NAMES`, else the only one that holds tensors.

    Raises:
        InputError: It holds several under other names, or a state dict that is no dict.
    """
    while True:
        dicts = {name: value for name, value in content.items() if _has_arrays(value)}
        named = [name for name in STATE_NAMES if name in dicts][:1]
        if not named and any(map(_is_array, content.values())):
            return content
        inner = named or list(dicts)
        if len(inner) > 1:
            raise InputError(
                f"it holds several dicts of tensors: {', '.join(map(repr, inner))}. Save one of "
                "them as a file, or under 'state_dict'"
            )
        if not inner:
            break
        content = dicts[inner[0]]
    state: Any = content.get(STATE_NAMES[0], content)
    if not isinstance(state, Mapping):
        raise InputError(f"its state_dict is a {type(state).__name__}, not a dict")
    return state


def strip_wrappers(state: Mapping[str, Any], tops: Collection[str] = frozenset()) -> dict[str, Any]:
    """Remove what wrappers add to the names of a state dict.

    `WRAPPERS` go anywhere in a name, `OUTER` at the beginning of all names.

    Args:
        state: Tensors by name.
        tops: First components of the names that the network has. If given, any other name at the
            beginning of all names goes as well.
    """
    names = {
        name: [part for part in str(name).split(".") if part not in WRAPPERS] for name in state
    }
    while len(firsts := {parts[0] for parts in names.values() if parts}) == 1:
        (first,) = firsts
        if first in tops or not (tops or first in OUTER):
            break
        if any(len(parts) < 2 for parts in names.values()):
            break
        names = {name: parts[1:] for name, parts in names.items()}
    return {".".join(parts): state[name] for name, parts in names.items()}


def weights_for(content: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint by the names that a network gives them.

    Numpy's arrays become tensors. A state dict of the bare network gets the name of the part that
    is the whole of `wanted`, such as `backbone.`.

    Args:
        content: Of a checkpoint.
        wanted: Names of the network's tensors.

    Raises:
        InputError: It holds no state dict, something else than tensors in it, or weights that are
            not finite.
    """
    tops = {name.partition(".")[0] for name in wanted}
    state = strip_wrappers(find_state(content), tops)
    if len(tops) == 1 and not tops & {name.partition(".")[0] for name in state}:
        (top,) = tops
        prefixed = {f"{top}.{name}": value for name, value in state.items()}
        state = prefixed if prefixed.keys() & set(wanted) else state
    tensors = {name: as_tensor(name, value) for name, value in state.items()}
    check_finite(tensors)
    return tensors


def check_finite(state: Mapping[str, Tensor]) -> None:
    """Refuse weights and statistics that are infinite or not a number.

    Raises:
        InputError: There are some. The message counts and names them.
    """
    broken = [
        name
        for name, value in state.items()
        if name.rpartition(".")[2] in _FINITE and not value.isfinite().all()
    ]
    if broken:
        raise InputError(
            f"{len(broken):,} of its {len(state):,} tensors are not finite, {broken[0]} for "
            "example: the training diverged, or numbers were too large for 16 bits. Take an "
            "earlier checkpoint, or float32"
        )


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray)


def _has_arrays(value: Any, depth: int = 0) -> bool:
    """Tell whether a value is a dict that has tensors in it. An optimizer's state is not."""
    if not isinstance(value, Mapping) or "param_groups" in value or depth == _DEEPEST:
        return False
    return any(_is_array(inner) or _has_arrays(inner, depth + 1) for inner in value.values())


def as_tensor(name: str, value: Any) -> Tensor:
    """Return a plain tensor as it is, and numpy's array of numbers as one.

    Raises:
        InputError: It is neither, or does not fit its storage. `name` names it.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(value.copy())
    if not isinstance(value, Tensor):
        kind = f"array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise InputError(f"{name} is a {kind}, not a tensor")
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        raise InputError(f"{name} is not a dense tensor ({value.layout}, on {value.device})")
    if value.untyped_storage().nbytes() < value.numel() * value.element_size():
        raise InputError(f"{name} of shape {tuple(value.shape)} is larger than its storage")
    return value
