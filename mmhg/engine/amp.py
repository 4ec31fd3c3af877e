"""Mixed precision in bfloat16, on the CPU too."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from mmengine.optim import AmpOptimWrapper as AcceleratorAmpOptimWrapper
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS
from torch import nn

from mmhg.errors import InputError
from mmhg.models import LocalTopdownPoseEstimator
from mmhg.models.head_precision import full_precision_heads
from mmhg.models.unwrapping import unwrap


def accelerator_available() -> bool:
    """Tell whether mmengine's `AmpOptimWrapper` accepts this machine."""
    from mmengine.optim.optimizer import amp_optimizer_wrapper as mmengine_amp

    return any(
        getattr(mmengine_amp, f"is_{name}_available")() for name in ("cuda", "npu", "mlu", "musa")
    )


def default_dtype() -> torch.dtype | None:
    """Return bfloat16 for the CPU and CUDA devices that compute in it, else None: mmengine's."""
    if not accelerator_available():
        return torch.bfloat16
    if torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0):
        return torch.bfloat16
    return None


# In MMPose's scope this name takes precedence over mmengine's, so --amp and configs need no other.
@OPTIM_WRAPPERS.register_module(name="AmpOptimWrapper")
class AmpOptimWrapper(AcceleratorAmpOptimWrapper):
    """Train in bfloat16 by default, on the CPU too, by mmengine's `AmpOptimWrapper`.

    bfloat16 has float32's range, so the loss is not scaled. No step waits for the device to report
    whether a gradient overflowed, as in float16. Heads, MMPose's too, get their outputs in float32
    for the loss.

    Args:
        loss_scale: As in mmengine; has no effect in bfloat16.
        dtype: As in mmengine; on the CPU None or bfloat16. None is bfloat16 on the CPU and on CUDA
            devices that compute in it (Ampere and later), else mmengine's default.
        **kwargs: Arguments of mmengine's wrapper.

    Raises:
        InputError: `dtype` is not bfloat16 on the CPU.
    """

    cast_dtype: torch.dtype | None

    def __init__(
        self,
        loss_scale: str | float | dict = "dynamic",
        dtype: str | torch.dtype | None = None,
        **kwargs: Any,
    ) -> None:
        dtype = dtype or default_dtype()
        if accelerator_available():
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            if self.cast_dtype is torch.bfloat16:
                self._do_not_scale("cuda")
            return
        if dtype not in ("bfloat16", torch.bfloat16):
            raise InputError(
                f"mixed precision on the CPU is bfloat16, got optim_wrapper.dtype={dtype!r}. Leave "
                "it out or set it to 'bfloat16'"
            )
        kwargs.pop("use_fsdp", None)  # says which scale to use, where there is one
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16
        self._do_not_scale("cpu")

    def _do_not_scale(self, device: str) -> None:
        self._scale_update_param = None
        self.loss_scaler = torch.amp.GradScaler(device, enabled=False)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast as mmengine does, and compute losses in float32."""
        inner = unwrap(model)
        scaled: AbstractContextManager = nullcontext()
        if isinstance(inner, LocalTopdownPoseEstimator):
            scaled = inner.losses_scaled_by(self.loss_scaler.scale)
        with super().optim_context(model), full_precision_heads(inner), scaled:
            yield

    def load_state_dict(self, state_dict: dict) -> None:
        """Load as mmengine does. A bfloat16 state has no scale, and float16 may resume from it."""
        if not state_dict.get("loss_scaler"):
            state_dict.pop("loss_scaler", None)
        super().load_state_dict(state_dict)
