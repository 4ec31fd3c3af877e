"""Scalars that wait on the device read as mmengine's do."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub

from mmhg.engine import deferred_scalars
from mmhg.engine.deferred_scalars import DeferredHistory, update_scalar_later

VALUES = torch.rand(7, generator=torch.Generator().manual_seed(0))


def both() -> tuple[HistoryBuffer, DeferredHistory]:
    eager, deferred = HistoryBuffer(), DeferredHistory()
    for value in VALUES:
        eager.update(value.item())
        deferred.append(value)
    return eager, deferred


@pytest.mark.parametrize("method", ["mean", "min", "max"])
@pytest.mark.parametrize("window", [None, 3, 100])
def test_statistics(method: str, window: int | None) -> None:
    eager, deferred = both()
    assert getattr(deferred, method)(window) == getattr(eager, method)(window)
    assert deferred.statistics(method, window) == eager.statistics(method, window)


def test_current_and_data() -> None:
    eager, deferred = both()
    assert deferred.current() == eager.current() == VALUES[-1].item()
    for found, expected in zip(deferred.data, eager.data, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_order_of_tensors_and_numbers() -> None:
    history = DeferredHistory()
    history.append(torch.tensor(1.0))
    history.update(2.0)
    history.append(torch.tensor([[3.0]]))
    np.testing.assert_array_equal(history.data[0], [1, 2, 3])


def test_a_tensor_may_be_overwritten_afterwards() -> None:
    history, value = DeferredHistory(), torch.ones(())
    history.append(value)
    value.zero_()
    assert history.current() == 1


def test_does_not_keep_the_graph() -> None:
    history = DeferredHistory()
    history.append(torch.ones((), requires_grad=True) * 2)
    assert not history._waiting[0].requires_grad


def test_the_longest_history_is_kept() -> None:
    history = DeferredHistory(HistoryBuffer([1.0, 2.0], [1, 1], max_length=3))
    for value in (3.0, 4.0):
        history.append(torch.tensor(value))
    np.testing.assert_array_equal(history.data[0], [2, 3, 4])
    assert len(history.data[1]) == 3


def test_waiting_values_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferred_scalars, "MOST_WAITING", 3)
    history = DeferredHistory()
    for value in VALUES:
        history.append(value)
        assert len(history._waiting) < 3
    np.testing.assert_array_equal(history.data[0], VALUES.tolist())


@pytest.mark.parametrize("how", ["deepcopy", "pickle", "torch.save"])
def test_copies_are_plain(how: str) -> None:
    eager, deferred = both()
    if how == "deepcopy":
        found = copy.deepcopy(deferred)
    elif how == "pickle":
        found = pickle.loads(pickle.dumps(deferred))
    else:
        file = io.BytesIO()
        torch.save(deferred, file)
        file.seek(0)
        found = torch.load(file)  # weights_only, with what mmhg allows
    assert type(found) is HistoryBuffer
    for actual, expected in zip(found.data, eager.data, strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert found.mean(2) == eager.mean(2)


def test_hub_resumes_from_its_checkpoint() -> None:
    hub = MessageHub("deferred")
    eager = MessageHub("eager")
    for value in VALUES[:4]:
        update_scalar_later(hub, "train/loss", value)
        eager.update_scalar("train/loss", value)
    resumed = MessageHub("resumed")
    resumed.load_state_dict(copy.deepcopy(hub.state_dict()))
    for value in VALUES[4:]:
        update_scalar_later(resumed, "train/loss", value)
        eager.update_scalar("train/loss", value)
    for found, expected in zip(
        resumed.get_scalar("train/loss").data, eager.get_scalar("train/loss").data, strict=True
    ):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
