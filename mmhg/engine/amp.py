"""Mixed precision where there is no accelerator."""

from typing import Any

import torch
from mmengine.optim import AmpOptimWrapper as AcceleratorAmpOptimWrapper
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS

from mmhg.errors import InputError


def accelerator_available() -> bool:
    """Whether mmengine's ``AmpOptimWrapper`` accepts this machine."""
    from mmengine.optim.optimizer import amp_optimizer_wrapper as mmengine_amp

    return any(
        getattr(mmengine_amp, f"is_{name}_available")() for name in ("cuda", "npu", "mlu", "musa")
    )


# In MMPose's scope this name comes before mmengine's, so --amp and configs need no other one.
@OPTIM_WRAPPERS.register_module(name="AmpOptimWrapper")
class AmpOptimWrapper(AcceleratorAmpOptimWrapper):
    """mmengine's ``AmpOptimWrapper``, and on the CPU autocast to bfloat16.

    bfloat16 has float32's range, so on the CPU the loss is not scaled.

    Args:
        loss_scale: As in mmengine; has no effect on the CPU.
        dtype: As in mmengine; on the CPU None or bfloat16.
        **kwargs: Arguments of mmengine's wrapper.

    Raises:
        ValueError: Another ``dtype`` than bfloat16 on the CPU.
    """

    def __init__(
        self,
        loss_scale: str | float | dict = "dynamic",
        dtype: str | torch.dtype | None = None,
        **kwargs: Any,
    ) -> None:
        if accelerator_available():
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            return
        if dtype not in (None, "bfloat16", torch.bfloat16):
            raise InputError(
                f"mixed precision on the CPU is bfloat16, got optim_wrapper.dtype={dtype!r}; leave "
                "it away or set it to 'bfloat16'"
            )
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.loss_scaler = torch.amp.GradScaler("cpu", enabled=False)
        self.cast_dtype = torch.bfloat16
