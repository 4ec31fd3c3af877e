"""Check a config before MMEngine's Runner uses it, whose own errors are hard to understand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import zeros
from torch.utils.data import DataLoader, TensorDataset

from mmhg.engine import CheckpointHook, latest_checkpoint
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint

MMENGINES_HOOKS = (
    "runtime_info",
    "timer",
    "sampler_seed",
    "logger",
    "param_scheduler",
    "checkpoint",
)
"""Hooks that `Runner.register_default_hooks` leaves out if they are None."""

BUILT_BY_MMENGINE = {
    "dataset",
    "num_batch_per_epoch",
    "sampler",
    "batch_sampler",
    "worker_init_fn",
    "collate_fn",
    "disable_subprocess_warning",
}
"""Settings of a data loader that MMEngine does not pass to PyTorch unchanged."""


def check_run(config: Config, splits: tuple[str, ...]) -> None:
    """Check the parts of a config that training (`"train", "val"`) or a test (`"test"`,) uses.

    Raises:
        InputError: A hook is None, a data loader cannot be built, the checkpoint to begin from
            cannot be read, or a new training would replace the checkpoints of an earlier one.
    """
    check_hooks(config.get("default_hooks") or {})
    check_timeout(config.get("env_cfg") or {})
    for split in splits:
        name = f"{split}_dataloader"
        if loader := config.get(name):
            check_loader(name, loader)
    if "train" in splits and not config.get("resume"):
        check_folder(config)
    start = config.get("load_from")
    if start and "://" not in start:
        read_checkpoint(start)
    elif config.get("resume") and not start:
        latest_checkpoint(config.work_dir, say=False)  # the Runner says it


def check_folder(config: Config) -> None:
    """Raise InputError if the work folder has the checkpoints of an earlier training."""
    saving = (config.get("default_hooks") or {}).get("checkpoint")
    if saving and saving.get("type") == "CheckpointHook":
        settings = {key: value for key, value in saving.items() if key != "type"}
        CheckpointHook(**settings).check_unused(str(Path(config.work_dir).absolute()), 0)


def check_hooks(hooks: Mapping[str, Any]) -> None:
    """Raise InputError for a default hook that is None, if MMEngine does not know it."""
    for key, hook in hooks.items():
        if hook is None and key not in MMENGINES_HOOKS:
            name = f"default_hooks.{key}"
            raise InputError(
                f"{name}=None: MMEngine leaves out only its own hooks so. Switch this one off "
                f"by {name}.enable=False, if it has that argument, or delete it from the config"
            )


def check_timeout(settings: Mapping[str, Any]) -> None:
    """Raise InputError for a time-out between processes that is no number of seconds."""
    timeout = (settings.get("dist_cfg") or {}).get("timeout")
    if timeout is not None and not (isinstance(timeout, int | float) and 0 < timeout < 1e9):
        raise InputError(
            f"env_cfg.dist_cfg.timeout must be a number of seconds above 0, got {timeout!r}. "
            "Processes wait that long for each other"
        )


def check_loader(name: str, settings: Mapping[str, Any]) -> None:
    """Raise InputError for settings of a data loader that PyTorch refuses."""
    passed: dict[str, Any] = {
        key: value for key, value in settings.items() if key not in BUILT_BY_MMENGINE
    }
    try:
        DataLoader(TensorDataset(zeros(1)), **passed)
    except (TypeError, ValueError) as error:
        raise InputError(f"the config's {name} cannot be built: {error}") from error
