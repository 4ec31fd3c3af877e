"""Read what a checkpoint says of the training that wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmhg.errors import InputError

HUB = ("log_scalars", "runtime_info", "resumed_keys")


def check_resumable(path: str | Path, content: Mapping[str, Any]) -> None:
    """Check that a training can go on from a checkpoint.

    Args:
        path: Its file, for the error.
        content: What it holds.

    Raises:
        InputError: It holds weights alone, or no training wrote it.
    """
    meta, hub = content.get("meta"), content.get("message_hub")
    meta = meta if isinstance(meta, Mapping) else {}
    hub = hub if isinstance(hub, Mapping) else {}
    lacking = [name for name in ("epoch", "iter") if not _is_count(meta.get(name))]
    lacking += ["message_hub"] * (not all(isinstance(hub.get(part), dict) for part in HUB))
    lacking += [name for name in ("state_dict", "optimizer") if not content.get(name)]
    seed = meta.get("seed", 0)
    is_seed = seed is None or (_is_count(seed) and seed < 2**32)
    lacking += [] if is_seed else ["seed"]
    if lacking:
        raise InputError(
            f"checkpoint {path} holds no training that could go on: it lacks {', '.join(lacking)}. "
            "To begin a training from its weights, set load_from and leave out --resume"
        )


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
