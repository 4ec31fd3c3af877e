"""A sample's random numbers depend on the seed, the pass and the sample."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmhg.engine.resuming.sample_seeds import begin_pass
from test_engine.test_resuming.conftest import Noisy


def draw(loader: DataLoader) -> torch.Tensor:
    return torch.cat([batch["inputs"] for batch in loader])


@pytest.mark.parametrize("workers", [0, 2])
def test_drawn_by_seed_pass_and_index(workers: int) -> None:
    loader = DataLoader(Noisy(), 4, num_workers=workers, persistent_workers=workers > 0)
    begin_pass(loader, 0, seed=7)
    first, again = draw(loader), draw(loader)
    begin_pass(loader, 1)
    second = draw(loader)
    other = DataLoader(Noisy(), 2)
    begin_pass(other, 1, seed=7)
    assert torch.equal(first, again) and torch.equal(draw(other), second)
    assert (first != second).all()
    differences = (first - torch.arange(6)[:, None]).flatten()
    assert len(differences.unique()) == 18  # neither samples nor generators draw the same
    begin_pass(other := DataLoader(Noisy(), 2), 1, seed=8)
    assert (draw(other) != second).all()


def test_the_process_draws_as_before() -> None:
    loader = DataLoader(Noisy(), 2, generator=torch.Generator())
    begin_pass(loader, 0, seed=7)
    drawn = []
    for iterates in (False, True):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        if iterates:
            draw(loader)
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert drawn[0] == drawn[1]


def test_others_stay_as_they_are() -> None:
    begin_pass(DataLoader([1, 2]), 0, seed=7)  # a list takes no attribute
    loader = DataLoader(Noisy(), 2)
    begin_pass(loader, 3)  # without a seed
    assert not hasattr(loader.dataset, "__getitems__")
