"""Measure the statistics of batch norm anew before a validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import nn
from torch.optim.swa_utils import update_bn

from mmhg.errors import InputError
from mmhg.models.unwrapping import unwrap


@HOOKS.register_module()
class PreciseBNHook(Hook):
    """Average batch norm's statistics over many training batches, with the weights as they are.

    The running statistics of training weigh the last ten batches most, and belong to weights that
    have changed since. At a high learning rate, or where a channel is active in few images, a
    network that is right in training mode can be all wrong in evaluation (Wu, Johnson: Rethinking
    "Batch" in BatchNorm, 2021). On LSPET, halfway through a training, PCK@0.2 of 200 people was 2
    with the running statistics and 59 with those of 30 batches.

    The statistics are measured at the end of the epochs that are validated and of the last one,
    and are saved in the checkpoint.

    Args:
        batches: Training batches to measure; at most those of an epoch.
    """

    # Before several processes average their buffers (SyncBuffersHook).
    priority = "ABOVE_NORMAL"

    def __init__(self, batches: int = 200) -> None:
        if batches < 1:
            raise InputError(f"PreciseBNHook: batches must be at least 1, got {batches}")
        self.batches = batches

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure, if a validation or the end of the training follows."""
        epoch, loop = runner.epoch + 1, runner.train_loop
        validated = runner.val_loop is not None and epoch >= loop.val_begin
        if epoch == loop.max_epochs or (validated and epoch % loop.val_interval == 0):
            model = unwrap(runner.model)
            with torch.no_grad():  # in single precision, as the network is evaluated
                batches = islice(runner.train_dataloader, self.batches)
                update_bn(_inputs(batches, model), _Forward(model))


class _Forward(nn.Module):
    """Run an estimator on preprocessed inputs, without a loss."""

    def __init__(self, estimator: Any) -> None:
        super().__init__()
        self.estimator = estimator

    def forward(self, data: Mapping[str, Any]) -> Any:
        return self.estimator(**data, mode="tensor")


def _inputs(batches: Iterator[Any], estimator: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what the network gets of each batch."""
    for batch in batches:
        yield estimator.data_preprocessor(batch, True)
