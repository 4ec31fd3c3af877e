"""Count batches, and find the size of the last."""

import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import DataLoader, TensorDataset

from mmhg.engine.preflight.loader import check_not_empty, last_batch_size
from mmhg.errors import InputError


def people(count: int) -> TensorDataset:
    return TensorDataset(torch.zeros(count))


@pytest.mark.parametrize(
    ("count", "batch_size", "drop_last", "last"),
    [(5, 4, False, 1), (5, 4, True, 4), (8, 4, False, 4), (3, 4, False, 3), (1, 1, False, 1)],
)
def test_last_batch(count: int, batch_size: int, drop_last: bool, last: int) -> None:
    data = people(count)
    loader = DataLoader(data, batch_size, sampler=DefaultSampler(data), drop_last=drop_last)
    check_not_empty(loader)
    assert last_batch_size(loader) == last == len(list(loader)[-1][0])


def test_last_batch_of_a_batch_sampler_and_of_an_endless_one() -> None:
    data = people(9)
    batches = torch.utils.data.BatchSampler(DefaultSampler(data), 4, drop_last=False)
    assert last_batch_size(DataLoader(data, batch_sampler=batches)) == 1
    assert last_batch_size(DataLoader(data, 4, sampler=InfiniteSampler(data))) == 1


def test_nobody() -> None:
    data = people(0)
    loader = DataLoader(data, 4, sampler=DefaultSampler(data))
    with pytest.raises(InputError, match="has nobody to train on: TensorDataset gives 0 people"):
        check_not_empty(loader)


def test_drop_last_leaves_nothing() -> None:
    data = people(3)
    loader = DataLoader(data, 4, sampler=DefaultSampler(data), drop_last=True)
    with pytest.raises(InputError, match=r"of 3 people of TensorDataset, this process has 3, and "):
        check_not_empty(loader)
