"""Random numbers for each training sample that depend on nothing but the sample and the epoch.

By default each worker of a loader draws its own stream of random numbers, which ends when the
training is killed: a training that goes on could not draw the rest of it. What a worker draws also
depends on how many workers there are. Here a sample is drawn from the training's seed, the epoch
and the sample's index, so it is the same after a kill and with any number of workers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset


class SampleSeeds:
    """Stand in a dataset as `__getitems__`, with which PyTorch's loader fetches a batch.

    Args:
        dataset: Makes a sample of an index.
        seed: The training's.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset, self.seed = dataset, seed
        # Shared, since workers that persist have their own copy of the dataset.
        self.number = torch.zeros(1, dtype=torch.int64).share_memory_()

    def __call__(self, indices: Sequence[int]) -> list[Any]:
        """Make the samples of a batch. The process's own random numbers stay as they were."""
        with _own_numbers_kept():
            return [self._sample(index) for index in indices]

    def _sample(self, index: int) -> Any:
        source = np.random.SeedSequence((self.seed, int(self.number), int(index)))
        first, second, third = (int(word) for word in source.generate_state(3))
        random.seed(first)
        np.random.seed(second)
        torch.default_generator.manual_seed(third)  # torch.manual_seed would seed CUDA too
        return self.dataset[index]


def begin_pass(loader: DataLoader, number: int, *, seed: int | None = None) -> None:
    """Draw the samples of the next pass through a loader by this number.

    A loop that passes through its data several times in an epoch calls it for each pass. A dataset
    that fetches batches by itself, or takes no attribute, as a list, stays as it is.

    Args:
        loader: The training's.
        number: Another one for each pass, the epoch for example.
        seed: The training's; None keeps the one of the last call, and does nothing without one.
    """
    dataset: Any = loader.dataset
    seeds = getattr(dataset, "__getitems__", None)
    if seeds is None and seed is not None and not isinstance(dataset, IterableDataset):
        seeds = SampleSeeds(dataset, seed)
        try:
            dataset.__getitems__ = seeds
        except AttributeError:
            return
    if isinstance(seeds, SampleSeeds):
        seeds.number.fill_(number)


@contextmanager
def _own_numbers_kept() -> Iterator[None]:
    python, arrays, tensors = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)
        torch.set_rng_state(tensors)
