"""Run validation and test with the network's fast form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from mmengine.runner import TestLoop, ValLoop
from mmpose.registry import LOOPS
from torch import nn

from mmhg.errors import InputError
from mmhg.models.head_precision import full_precision_heads
from mmhg.models.unwrapping import is_sharded, unwrap
from mmhg.nn import fast_inference

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

DType = Literal["float32", "bfloat16"]


@contextmanager
def fast_form(loop: Any, model: nn.Module) -> Iterator[None]:
    """Put a model's fast form in place as a loop of this module does, but do not compile it.

    Other loops evaluate the model as it is.
    """
    if isinstance(loop, _FastLoop):
        with fast_inference(model, dtype=loop.dtype), full_precision_heads(model):
            yield
    else:
        yield


class _FastLoop:
    """Check `dtype`, and run with the fast form in the backbone's place."""

    runner: Any

    def __init__(
        self, *args: Any, dtype: DType = "float32", compile: bool = False, **settings: Any
    ) -> None:
        if dtype not in _DTYPES:
            raise InputError(
                f"{type(self).__name__}'s dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}"
            )
        super().__init__(*args, **settings)
        self.dtype, self.compile = _DTYPES[dtype], compile

    def run(self) -> dict:
        """Evaluate. Afterwards the model has its own backbone again, whatever happens."""
        if is_sharded(self.runner.model):
            return super().run()  # type: ignore[misc]
        model: Any = unwrap(self.runner.model)
        fast = fast_inference(model, dtype=self.dtype, compile=self.compile)
        with fast as applies, full_precision_heads(model):
            if not applies:
                kind = type(getattr(model, "backbone", None)).__name__
                self.runner.logger.info(
                    f"the backbone, a {kind}, has no fast form: it is evaluated as it is"
                )
            metrics: dict = super().run()  # type: ignore[misc]
        return metrics


@LOOPS.register_module()
class FastValLoop(_FastLoop, ValLoop):
    """`ValLoop` with `mmhg.nn.FastHourglass` in the backbone's place: the same keypoints, faster.

    In float32 the heatmaps are the same except for rounding. Averaged weights are evaluated, and
    checkpoints have the backbone's names and weights, as in `ValLoop`. Another backbone stays, and
    so does one whose parameters FSDP shares out.

    Args:
        dtype: `'bfloat16'` is several times faster where the processor has it. Keypoints then move
            by a fraction of a pixel.
        compile: Evaluate through `torch.compile`, which takes a minute each time.
        **settings: Arguments of `ValLoop`.

    Raises:
        InputError: There is no such `dtype`.
    """


@LOOPS.register_module()
class FastTestLoop(_FastLoop, TestLoop):
    """`TestLoop` with `mmhg.nn.FastHourglass` in the backbone's place, as `FastValLoop` has it.

    Args:
        dtype: As in `FastValLoop`.
        compile: As in `FastValLoop`.
        **settings: Arguments of `TestLoop`.

    Raises:
        InputError: There is no such `dtype`.
    """
