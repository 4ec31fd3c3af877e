"""Load mmengine's checkpoints as data: nothing in them is run, and no file that they name is used.

They hold numpy's scalars and arrays, mmengine's `HistoryBuffer` and the annealing function of its
one-cycle schedule. Exactly those are allowed to `torch.load(weights_only=True)`, so that unpickling
a checkpoint runs no code.

That is not enough. mmengine's runners evaluate `meta["config"]` as Python when they resume, its
inferencers do so with `cfg` if no config is given, and its checkpoint hook removes the files and
folders that `message_hub` names. So these entries are taken out of each checkpoint that mmengine's
`CheckpointLoader` loads, through which its runners and inferencers, MMPose and MMDetection go.
"""

import pickle  # noqa: TID251  its exception
from functools import wraps
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


def no_bytes(*values: Any) -> bytes:
    """Stand for `bytes` in checkpoints, as which pickle writes the content of an empty array.

    The colors of a skeleton without lines are one, in `dataset_meta`. Of any argument `bytes` could
    make more than memory holds.
    """
    if values:
        raise pickle.UnpicklingError("a checkpoint asks for bytes() of something: not allowed")
    return b""


def allowed_globals() -> list[Any]:
    """List the objects that these checkpoints name, or pairs of an object and its pickled name."""
    return [
        *allowed_attributes(),
        *((value, name) for name, value in numpy_globals().items()),
        (restricted_getattr, "builtins.getattr"),
        (no_bytes, "builtins.bytes"),
    ]


def as_data(content: Any) -> Any:
    """Take out of a checkpoint, in place, what mmengine would run or remove.

    These are the texts of configs, and the paths of checkpoints and of annotation files, which
    MMPose's COCO metric opens. The numbers of the checkpoints that are kept stay, if they are
    numbers.
    """
    if not isinstance(content, dict):
        return content
    if "meta" in content:
        meta = content["meta"] if isinstance(content["meta"], dict) else {}
        content["meta"] = {key: meta[key] for key in meta if key not in ("config", "cfg")}
    hub = content.get("message_hub")
    if isinstance(hub, dict):
        for part in ("runtime_info", "resumed_keys"):
            if isinstance(entries := hub.get(part), dict):
                hub[part] = {key: entries[key] for key in entries if not _is_path_or_config(key)}
        info = hub.get("runtime_info")
        if isinstance(info, dict) and "keep_ckpt_ids" in info:
            kept = info["keep_ckpt_ids"]
            kept = kept if isinstance(kept, list | tuple) else []
            info["keep_ckpt_ids"] = [n for n in kept if type(n) is int and 0 < n < 10**18]
    return content


def _is_path_or_config(key: Any) -> bool:
    """Tell if an entry is a config's text, a checkpoint's path, or that of an annotation file."""
    name = str(key)
    return name in ("cfg", "last_ckpt") or name.startswith("best_ckpt") or "ann_file" in name


def apply() -> None:
    """Register the allow-list, and pass what mmengine loads through `as_data`.

    Older PyTorch has no such list and is left alone.
    """
    if hasattr(torch.serialization, "add_safe_globals"):
        torch.serialization.add_safe_globals(allowed_globals())
    from mmengine.runner import CheckpointLoader

    load = CheckpointLoader.load_checkpoint.__func__
    if hasattr(load, "__wrapped__"):
        return

    @wraps(load)
    def load_checkpoint(cls: type, *args: Any, **settings: Any) -> Any:
        return as_data(load(cls, *args, **settings))

    CheckpointLoader.load_checkpoint = classmethod(load_checkpoint)
