"""Gradient clipping without a wait gives what mmengine's gives."""

from typing import Any

import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.optim import OptimWrapper as MMEngineOptimWrapper
from mmengine.registry import DefaultScope
from mmpose.registry import OPTIM_WRAPPERS

from mmhg.engine import OptimWrapper
from mmhg.engine.deferred_scalars import DeferredHistory


def trained(
    kind: type[MMEngineOptimWrapper], clip_grad: dict[str, Any]
) -> tuple[torch.Tensor, dict[str, HistoryBuffer]]:
    """The weights after two clipped steps, and what was logged."""
    hub = MessageHub.get_instance(f"{kind.__module__} {clip_grad}")
    weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    wrapper = kind(optimizer=torch.optim.SGD([weight], lr=0.5), clip_grad=dict(clip_grad))
    for _ in range(2):
        wrapper.update_params(weight.square().sum())
    return weight.detach(), hub.log_scalars


@pytest.mark.parametrize(
    "clip_grad", [dict(max_norm=1.0), dict(max_norm=100), dict(type="value", clip_value=0.25)]
)
def test_weights_and_norms_are_mmengines(clip_grad: dict[str, Any]) -> None:
    weights, logged = trained(OptimWrapper, clip_grad)
    expected, mmengines = trained(MMEngineOptimWrapper, clip_grad)
    assert weights.equal(expected)
    assert logged.keys() == mmengines.keys()
    for name, history in logged.items():
        assert isinstance(history, DeferredHistory)
        assert history.data[0].tolist() == mmengines[name].data[0].tolist()


def test_norm_is_logged_before_clipping() -> None:
    _, logged = trained(OptimWrapper, dict(max_norm=2.0))
    assert logged["train/grad_norm"].data[0][0] == 10  # 2 * |(3, 4)|


def test_without_gradients_nothing_is_logged() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    wrapper = OptimWrapper(optimizer=torch.optim.SGD([weight], lr=1), clip_grad=dict(max_norm=1))
    wrapper.message_hub = MessageHub("nothing")
    wrapper.step()
    assert not wrapper.message_hub.log_scalars


def test_mmposes_scope_finds_it_under_mmengines_name() -> None:
    with DefaultScope.overwrite_default_scope("mmpose"):
        assert OPTIM_WRAPPERS.get("OptimWrapper") is OptimWrapper
