"""A checkpoint of another network must not pass for one of this one."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import HOOKS
from torch import Tensor

from mmhg.errors import InputError


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Refuse a checkpoint that does not fit the model tensor by tensor.

    mmengine loads what fits and logs the rest, so that a test would score a half random network.
    Starting a training from ``load_from`` may leave tensors out, as fine-tuning does, but not all.

    Raises:
        InputError: Names the file, the tensors and the way out.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare names and shapes before mmengine copies what fits."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        saved = {
            name.removeprefix("module."): value
            for name, value in checkpoint.get("state_dict", checkpoint).items()
        }
        differences, fitting = compare(saved, model.state_dict())
        starts_training = isinstance(runner._train_loop, BaseLoop) and not runner._resume
        if differences and not (starts_training and fitting):
            raise InputError(
                f"checkpoint {runner._load_from} is of another network than the config's: "
                f"{'; '.join(differences)}. Use the config that it was trained with"
            )


def compare(saved: Mapping[str, Any], wanted: Mapping[str, Tensor]) -> tuple[list[str], int]:
    """How two state dicts differ, in words, and the number of tensors that fit."""
    missing = [name for name in wanted if name not in saved]
    unexpected = [name for name in saved if name not in wanted]
    common = [name for name in wanted if name in saved]
    reshaped = [
        f"{name} {tuple(saved[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in common
        if saved[name].shape != wanted[name].shape
    ]
    kinds = {
        "lacking": missing,
        "not in the model": unexpected,
        "of another shape": reshaped,
    }
    differences = [
        f"{len(names)} tensors {kind}, {names[0]} for example"
        for kind, names in kinds.items()
        if names
    ]
    return differences, len(common) - len(reshaped)
