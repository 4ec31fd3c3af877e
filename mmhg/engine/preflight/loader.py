"""Tell how many batches a training loader gives, and how large the last one is."""

from __future__ import annotations

from typing import Any

from torch.utils.data import DataLoader

from mmhg.errors import InputError


def check_not_empty(loader: DataLoader) -> None:
    """Raise InputError if a training loader gives no batch."""
    if len(loader) > 0:
        return
    dataset: Any = loader.dataset
    source = getattr(dataset, "ann_file", "") or type(dataset).__name__
    if len(dataset) == 0:
        raise InputError(
            f"train_dataloader has nobody to train on: {source} gives 0 people. Check "
            "train_dataloader.dataset: its ann_file, filters and indices"
        )
    raise InputError(
        f"train_dataloader gives no batch: of {len(dataset)} people of {source}, this process has "
        f"{_share(loader)}, and drop_last leaves out a batch of fewer than "
        f"batch_size={_batch_size(loader)}. Lower train_dataloader.batch_size, or set drop_last to "
        "False"
    )


def last_batch_size(loader: DataLoader) -> int:
    """Return how many people the last batch of an epoch has, in each process."""
    size = _batch_size(loader)
    if loader.drop_last or getattr(loader.batch_sampler, "drop_last", False):
        return size
    return _share(loader) % size or size


def _batch_size(loader: DataLoader) -> int:
    size: Any = loader.batch_size or getattr(loader.batch_sampler, "batch_size", 1)
    return int(size)


def _share(loader: DataLoader) -> int:
    """Return the number of people of this process, of all if the sampler has no length."""
    sampler: Any = getattr(loader.batch_sampler, "sampler", loader.sampler)
    try:
        return len(sampler)
    except TypeError:  # endless, as InfiniteSampler
        return len(loader.dataset)  # type: ignore[arg-type]
