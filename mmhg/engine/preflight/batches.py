"""Run one batch of a training and one of a validation, and leave no trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import autocast
from mmpose.structures import PoseDataSample
from torch import nn
from torch.utils.data import DataLoader

from mmhg.engine.loops import fast_form
from mmhg.errors import InputError


def first_batch(loader: DataLoader, count: int | None = None) -> Any:
    """Make a batch of a dataset's first samples in this process.

    The loader itself is not iterated: its workers and its sampler would begin where this ended.

    Args:
        loader: The loader.
        count: Number of samples; None takes the loader's batch size.
    """
    dataset: Any = loader.dataset
    size: Any = count or loader.batch_size or getattr(loader.batch_sampler, "batch_size", 1)
    return loader.collate_fn([dataset[index] for index in range(min(size, len(dataset)))])


def train_batch(model: Any, optim_wrapper: OptimWrapper, batch: Any) -> float:
    """Compute the loss of a batch, in the training's precision and memory, and return it.

    Raises:
        InputError: It is not finite, depends on no parameter that is trained, or batch norm
            refuses the batch.
    """
    model.train()
    alone = isinstance(optim_wrapper, OptimWrapper)
    with optim_wrapper.optim_context(model) if alone else nullcontext(), _batch_norm_explained():
        losses = model._run_forward(model.data_preprocessor(batch, True), mode="loss")
    total, parts = model.parse_losses(losses)
    if not torch.isfinite(total):
        named = ", ".join(f"{name} {value.mean().item():g}" for name, value in parts.items())
        raise InputError(
            f"the loss of the first training batch is not finite: {named}. Look at the training "
            "annotations and at optim_wrapper (mixed precision)"
        )
    if not total.requires_grad:
        raise InputError(
            "the loss depends on no parameter that is trained: everything is frozen. Look at the "
            "model's frozen_stages, and whether its layers have requires_grad=False"
        )
    return total.item()


@contextmanager
def _batch_norm_explained() -> Iterator[None]:
    """Turn batch norm's refusal of a single value per channel into an error for the user."""
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise InputError(
            "the last training batch of an epoch, or each of them, has one person, whose features "
            f"shrink to 1 x 1 px within the network: batch norm has nothing to average ({error}). "
            "Set train_dataloader.drop_last=True or another batch_size, or take a larger input"
        ) from error


@torch.no_grad()
def val_batch(model: nn.Module, loop: Any, batch: Any) -> Sequence[PoseDataSample]:
    """Predict a batch as the validation loop does."""
    model.eval()
    with fast_form(loop, model), autocast(enabled=getattr(loop, "fp16", False)):
        predicted: Sequence[PoseDataSample] = model.val_step(batch)  # type: ignore[operator]
    return predicted
