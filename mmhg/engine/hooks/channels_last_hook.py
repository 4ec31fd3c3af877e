"""Use channels-last memory, on which CPUs and GPUs with tensor cores convolve faster."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Lay the model's weights out channels last. Activations follow, and values stay the same."""

    def before_run(self, runner: Runner) -> None:
        """Convert the model's weights in place."""
        runner.model.to(memory_format=torch.channels_last)
