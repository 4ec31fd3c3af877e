"""Run one batch of a training and one of a validation, and leave no trace."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import autocast
from mmpose.structures import PoseDataSample
from torch import nn
from torch.utils.data import DataLoader

from mmhg.engine.loops import fast_form
from mmhg.errors import InputError


def first_batch(loader: DataLoader) -> Any:
    """Make a batch of a dataset's first samples in this process.

    The loader itself is not iterated: its workers and its sampler would begin where this ended.
    """
    dataset: Any = loader.dataset
    size: Any = loader.batch_size or getattr(loader.batch_sampler, "batch_size", 1)
    return loader.collate_fn([dataset[index] for index in range(min(size, len(dataset)))])


def train_batch(model: Any, optim_wrapper: OptimWrapper, batch: Any) -> float:
    """Compute the loss of a batch, in the training's precision and memory, and return it.

    Raises:
        InputError: It is not finite.
    """
    model.train()
    alone = isinstance(optim_wrapper, OptimWrapper)
    with optim_wrapper.optim_context(model) if alone else nullcontext():
        losses = model._run_forward(model.data_preprocessor(batch, True), mode="loss")
    total, parts = model.parse_losses(losses)
    if not torch.isfinite(total):
        named = ", ".join(f"{name} {value.mean().item():g}" for name, value in parts.items())
        raise InputError(
            f"the loss of the first training batch is not finite: {named}. Look at the training "
            "annotations and at optim_wrapper (mixed precision)"
        )
    return total.item()


@torch.no_grad()
def val_batch(model: nn.Module, loop: Any, batch: Any) -> Sequence[PoseDataSample]:
    """Predict a batch as the validation loop does."""
    model.eval()
    with fast_form(loop, model), autocast(enabled=getattr(loop, "fp16", False)):
        predicted: Sequence[PoseDataSample] = model.val_step(batch)  # type: ignore[operator]
    return predicted
