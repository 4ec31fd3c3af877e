"""Validation and test by the network's fast form."""

from __future__ import annotations

from typing import Any, Literal

import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, TestLoop, ValLoop
from mmpose.registry import LOOPS

from mmhg.errors import InputError
from mmhg.nn import fast_inference

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

DType = Literal["float32", "bfloat16"]


@LOOPS.register_module()
class FastValLoop(ValLoop):
    """`ValLoop` with `mmhg.nn.FastHourglass` in the backbone's place: the same keypoints, faster.

    In float32 the heatmaps are the same except for rounding. Averaged weights are evaluated, and
    checkpoints have the backbone's names and weights, as in `ValLoop`. Another backbone stays.

    Args:
        dtype: `'bfloat16'` is several times faster where the processor has it; keypoints move by a
            fraction of a pixel.
        **settings: Arguments of `ValLoop`.

    Raises:
        InputError: Another `dtype`.
    """

    def __init__(self, *args: Any, dtype: DType = "float32", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.dtype = find_dtype(self, dtype)

    def run(self) -> dict:
        """Validate; the model's backbone is what it was afterwards, whatever happens."""
        model = unwrapped(self.runner)
        with fast_inference(model, dtype=self.dtype) as applies:
            report(self.runner, model, applies)
            metrics: dict = super().run()
        return metrics


@LOOPS.register_module()
class FastTestLoop(TestLoop):
    """`TestLoop` with `mmhg.nn.FastHourglass` in the backbone's place, as `FastValLoop` has it.

    Args:
        dtype: As in `FastValLoop`.
        compile: Test through `torch.compile`, which takes a minute at first.
        **settings: Arguments of `TestLoop`.

    Raises:
        InputError: Another `dtype`.
    """

    def __init__(
        self, *args: Any, dtype: DType = "float32", compile: bool = False, **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.dtype = find_dtype(self, dtype)
        self.compile = compile

    def run(self) -> dict:
        """Test; the model's backbone is what it was afterwards, whatever happens."""
        model = unwrapped(self.runner)
        with fast_inference(model, dtype=self.dtype, compile=self.compile) as applies:
            report(self.runner, model, applies)
            metrics: dict = super().run()
        return metrics


def find_dtype(loop: ValLoop | TestLoop, name: str) -> torch.dtype:
    """Return the type of that name.

    Raises:
        InputError: There is none.
    """
    if name not in _DTYPES:
        raise InputError(
            f"{type(loop).__name__}'s dtype must be one of {', '.join(_DTYPES)}, got {name!r}"
        )
    return _DTYPES[name]


def unwrapped(runner: Runner) -> Any:
    """Return the runner's model without a wrapper such as `MMDistributedDataParallel`."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def report(runner: Runner, model: Any, applies: bool) -> None:
    """Log where there is no fast form."""
    if not applies:
        runner.logger.info(
            f"the backbone, a {type(getattr(model, 'backbone', None)).__name__}, has no fast form: "
            "it is evaluated as it is"
        )
