"""The optimiser wrapper of float32 training, and gradient clipping for both wrappers."""

from mmengine.optim import OptimWrapper as MMEngineOptimWrapper
from mmpose.registry import OPTIM_WRAPPERS

from mmhg.engine.deferred_scalars import update_scalar_later


class DeviceClipping(MMEngineOptimWrapper):
    """Clips gradients as mmengine does; the logged norm stays on the device until it is read."""

    def _clip_grad(self) -> None:
        parameters = [
            parameter
            for group in self.optimizer.param_groups
            for parameter in group["params"]
            if parameter.requires_grad and parameter.grad is not None
        ]
        if not parameters:
            return
        norm = self.clip_func(parameters, **self.clip_grad_kwargs)
        if norm is not None:  # Clipping by value has none.
            update_scalar_later(self.message_hub, f"train/{self.grad_name}", norm)


# In MMPose's scope this name comes before mmengine's, so configs and --amp need no other one.
@OPTIM_WRAPPERS.register_module(name="OptimWrapper")
class OptimWrapper(DeviceClipping):
    """mmengine's ``OptimWrapper``; clipping gradients does not wait for the device."""
