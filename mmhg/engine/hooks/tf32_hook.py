"""Switch TensorFloat-32 on NVIDIA GPUs."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS


@HOOKS.register_module()
class TF32Hook(Hook):
    """Allow or forbid TensorFloat-32 in float32 convolutions and matrix products on CUDA devices.

    TF32 rounds the factors to 10 bits of mantissa. Nothing changes on other devices.

    Args:
        enable: True allows it, False computes in full float32, None leaves PyTorch's settings,
            which are TF32 in convolutions alone.
    """

    def __init__(self, enable: bool | None = None) -> None:
        self.enable = enable

    def before_run(self, runner: Runner) -> None:
        """Set PyTorch's switches, which hold for the whole process."""
        if self.enable is not None:
            torch.backends.cudnn.allow_tf32 = self.enable
            torch.backends.cuda.matmul.allow_tf32 = self.enable
