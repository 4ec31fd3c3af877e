"""Test whether tensors are told to be finite."""

import pytest
import torch

from mmhg.engine.divergence.finite import all_finite, named_tensors, not_finite


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_one_bad_number_is_found(bad: float, dtype: torch.dtype) -> None:
    tensors = [torch.rand(7, 3, dtype=dtype), torch.rand(2, dtype=dtype)]
    assert all_finite(tensors)
    tensors[0][3, 1] = bad
    assert not all_finite(tensors)


def test_large_numbers_are_finite() -> None:
    assert all_finite([torch.full((100,), 1e38), torch.zeros(3)])


def test_names_of_the_bad_ones_alone() -> None:
    named = [
        ("count", torch.tensor([3])),
        ("empty", torch.zeros(0)),
        ("mask", torch.tensor([-torch.inf, 0])),
        ("weight", torch.ones(2, 2)),
    ]
    assert not_finite(named) == ["mask"]
    assert not_finite(named[:2]) == []


def test_tensors_in_a_checkpoint() -> None:
    one = torch.ones(1)
    content = dict(state_dict=dict(w=one), optimizer=dict(state={0: dict(exp_avg=one)}), epoch=3)
    names = [name for name, _ in named_tensors(content)]
    assert names == ["state_dict.w", "optimizer.state.0.exp_avg"]
