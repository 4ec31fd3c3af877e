"""Use channels-last memory, on which CPUs and GPUs with tensor cores convolve faster."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.models.unwrapping import is_sharded


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Lay the model's weights out channels last. Activations follow, and values stay the same."""

    def before_run(self, runner: Runner) -> None:
        """Convert the model's weights in place; those that FSDP has laid out flat stay."""
        if not is_sharded(runner.model):
            runner.model.to(memory_format=torch.channels_last)
