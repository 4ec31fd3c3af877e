"""Mixed precision on the CPU."""

import pytest
import torch
from mmengine.optim.optimizer import amp_optimizer_wrapper as mmengine_amp
from mmengine.registry import DefaultScope
from mmpose.registry import OPTIM_WRAPPERS

from mmhg.engine import AmpOptimWrapper, amp
from mmhg.engine.amp import accelerator_available

on_cpu = pytest.mark.skipif(accelerator_available(), reason="there is an accelerator here")


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 1)
        self.seen: torch.dtype | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x)
        self.seen = y.dtype
        return y.float().square().mean()


def test_mmposes_scope_finds_it_under_mmengines_name() -> None:
    with DefaultScope.overwrite_default_scope("mmpose"):
        assert OPTIM_WRAPPERS.get("AmpOptimWrapper") is AmpOptimWrapper


@on_cpu
def test_computes_in_bfloat16_and_updates_float32_weights() -> None:
    torch.manual_seed(0)
    model = Model()
    reference = Model()
    reference.load_state_dict(model.state_dict())
    x = torch.randn(4, 3)
    wrapper = AmpOptimWrapper(
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        loss_scale="dynamic",
        clip_grad=dict(max_norm=1e9),
    )
    with wrapper.optim_context(model):
        loss = model(x)
    wrapper.update_params(loss)
    assert model.seen is torch.bfloat16

    reference(x).backward()
    assert model.linear.weight.dtype is torch.float32
    with torch.no_grad():
        expected = reference.linear.weight - 0.1 * reference.linear.weight.grad
    torch.testing.assert_close(model.linear.weight, expected, atol=5e-3, rtol=0)
    assert not torch.equal(model.linear.weight, reference.linear.weight)


@on_cpu
def test_state_is_saved_and_restored() -> None:
    model = Model()
    wrapper = AmpOptimWrapper(optimizer=torch.optim.Adam(model.parameters(), lr=0.1))
    with wrapper.optim_context(model):
        wrapper.update_params(model(torch.ones(2, 3)))
    other = AmpOptimWrapper(optimizer=torch.optim.Adam(model.parameters(), lr=0.1))
    other.load_state_dict(wrapper.state_dict())
    assert other.state_dict()["state"][0]["step"] == 1


@on_cpu
def test_float16_is_refused() -> None:
    optimizer = torch.optim.SGD(Model().parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"bfloat16.*'float16'"):
        AmpOptimWrapper(optimizer=optimizer, dtype="float16")


@pytest.fixture
def pretend_cuda(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(mmengine_amp, "is_cuda_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return monkeypatch


@pytest.mark.parametrize(
    ("capability", "dtype", "expected"),
    [
        ((9, 0), None, torch.bfloat16),
        ((8, 0), None, torch.bfloat16),
        ((7, 5), None, None),
        ((8, 0), "float16", torch.float16),
        ((7, 5), "bfloat16", torch.bfloat16),
    ],
)
def test_bfloat16_without_scaling_is_the_default_on_cuda(
    pretend_cuda: pytest.MonkeyPatch,
    capability: tuple[int, int],
    dtype: str | None,
    expected: torch.dtype | None,
) -> None:
    pretend_cuda.setattr(torch.cuda, "get_device_capability", lambda: capability)
    created = []
    pretend_cuda.setattr(amp.torch.amp, "GradScaler", lambda *args, **kw: created.append(kw))
    pretend_cuda.setattr(mmengine_amp, "GradScaler", lambda: "scales")
    wrapper = AmpOptimWrapper(optimizer=torch.optim.SGD(Model().parameters(), lr=0.1), dtype=dtype)
    assert wrapper.cast_dtype is expected
    if expected is torch.bfloat16:
        assert created == [dict(enabled=False)]
    else:
        assert wrapper.loss_scaler == "scales"


@on_cpu
def test_float16_training_goes_on_from_a_bfloat16_one() -> None:
    saved = AmpOptimWrapper(optimizer=torch.optim.SGD(Model().parameters(), lr=0.1)).state_dict()
    assert saved["loss_scaler"] == {}
    scaled = AmpOptimWrapper(optimizer=torch.optim.SGD(Model().parameters(), lr=0.5))
    scaled.loss_scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    scaled.load_state_dict(saved)
    assert scaled.loss_scaler.get_scale() == 8
    assert scaled.optimizer.param_groups[0]["lr"] == 0.1
