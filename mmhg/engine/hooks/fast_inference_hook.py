"""Validation and test compute the network's fast form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.errors import InputError
from mmhg.models.fast_inference import speed_up

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@HOOKS.register_module()
class FastInferenceHook(Hook):
    """Validate and test by `mmhg.models.FastHourglass`: the same heatmaps but for rounding.

    The model's own weights and names stay as they are: checkpoints, averaged weights and training
    notice nothing. Where the model's backbone is not a `HourglassBackbone`, it does nothing.

    Args:
        dtype: `'bfloat16'` is several times faster where the processor has it; keypoints move by a
            fraction of a pixel.
        compile: Test through `torch.compile`. Validations during training are not worth the time
            that it takes.
        enable: The switch; False computes the network as it was trained, layer by layer.

    Raises:
        InputError: Another `dtype`.
    """

    # Behind what exchanges weights for the evaluation, as mmengine's EMAHook does.
    priority = "VERY_LOW"

    def __init__(
        self,
        dtype: Literal["float32", "bfloat16"] = "float32",
        compile: bool = False,
        enable: bool = True,
    ) -> None:
        if dtype not in _DTYPES:
            raise InputError(
                f"FastInferenceHook's dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}"
            )
        self.dtype = _DTYPES[dtype]
        self.compile = compile
        self.enable = enable
        self._undo: Callable[[], None] | None = None

    def before_val_epoch(self, runner: Runner) -> None:
        """Build the fast form of the weights as they now are."""
        self._speed_up(runner, compile=False)

    def before_test_epoch(self, runner: Runner) -> None:
        """Build the fast form, compiled if that is set."""
        self._speed_up(runner, compile=self.compile)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        """Back to the plain form."""
        if self._undo is not None:
            self._undo()
            self._undo = None

    after_test_epoch = after_val_epoch

    def _speed_up(self, runner: Runner, *, compile: bool) -> None:
        if not self.enable:
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        self._undo = speed_up(model, dtype=self.dtype, compile=compile)
        if self._undo is None:
            runner.logger.info(
                f"FastInferenceHook does nothing: the backbone is a "
                f"{type(getattr(model, 'backbone', None)).__name__}, not a HourglassBackbone"
            )
