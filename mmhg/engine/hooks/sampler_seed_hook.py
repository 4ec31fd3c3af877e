"""Shuffle and augment by the epoch's number."""

from __future__ import annotations

import torch
from mmengine.hooks import DistSamplerSeedHook as SamplerSeedHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpose.registry import HOOKS

from mmhg.engine.resuming.sample_seeds import begin_pass


# In MMPose's scope this name takes precedence over mmengine's, which each Runner registers.
@HOOKS.register_module(name="DistSamplerSeedHook")
class DistSamplerSeedHook(SamplerSeedHook):
    """Shuffle by the epoch's number, as mmengine's hook does, and draw each sample by it too.

    The random numbers of a training sample depend on the seed, the epoch and the sample's index. So
    a resumed training draws what it would have drawn without the break, and any number of workers
    draws the same. In mmengine a worker repeats its random numbers in each epoch, or begins them
    again at a resume if it persists. Loops by iterations draw as in mmengine.

    Loaders take the seeds of their workers from a generator of their own: whether a loader starts
    workers does not change the random numbers of the model, of dropout for example.
    """

    def before_train(self, runner: Runner) -> None:
        """Give each loader a generator."""
        for loop in (runner.train_loop, runner.val_loop):
            if loop is not None:
                loop.dataloader.generator = torch.Generator().manual_seed(runner.seed)

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the epoch of the sampler and of the samples."""
        super().before_train_epoch(runner)
        if isinstance(runner.train_loop, EpochBasedTrainLoop):
            begin_pass(runner.train_dataloader, runner.epoch, seed=runner.seed)
