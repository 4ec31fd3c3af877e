"""Hooks that are one switch: compiling, TF32."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmhg.engine import CompileHook, TF32Hook
from mmhg.models import HourglassBackbone

RUNTIME = Path(__file__).parents[2] / "configs/_base_/default_runtime.py"
SMALL = dict(num_stacks=1, depth=1, channels=8, stem_channels=(4, 4, 4), num_keypoints=2)


class Estimator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = HourglassBackbone(**SMALL)
        self.head = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        heatmaps: torch.Tensor = self.head(self.backbone(images)[-1])
        return heatmaps


@pytest.fixture
def graphs() -> Iterator[list[torch.fx.GraphModule]]:
    torch._dynamo.reset()
    yield []
    torch._dynamo.reset()


def test_backbone_is_compiled_in_place(graphs: list[torch.fx.GraphModule]) -> None:
    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> torch.fx.GraphModule:
        graphs.append(graph)
        return graph

    model = Estimator()
    names = list(model.state_dict())
    images = torch.rand(2, 3, 16, 16)
    expected = model(images)
    CompileHook(backend=backend).before_run(SimpleNamespace(model=model))
    torch.testing.assert_close(model(images), expected)
    assert len(graphs) == 1
    assert list(model.state_dict()) == names
    torch.testing.assert_close(model(images), expected)
    assert len(graphs) == 1, "the same size was compiled again"


def test_compiling_can_be_off(graphs: list[torch.fx.GraphModule]) -> None:
    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> None:
        raise AssertionError("compiled")

    model = Estimator()
    CompileHook(enable=False, backend=backend).before_run(SimpleNamespace(model=model))
    model(torch.rand(2, 3, 16, 16))


@pytest.fixture
def tf32() -> Iterator[None]:
    switches = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [switch.allow_tf32 for switch in switches]
    yield
    for switch, value in zip(switches, before, strict=True):
        switch.allow_tf32 = value


@pytest.mark.usefixtures("tf32")
@pytest.mark.parametrize("enable", [True, False])
def test_tf32_sets_both_switches(enable: bool) -> None:
    TF32Hook(enable=not enable).before_run(SimpleNamespace())
    for switch, expected in ((None, not enable), (enable, enable)):
        TF32Hook(enable=switch).before_run(SimpleNamespace())
        assert torch.backends.cudnn.allow_tf32 is expected
        assert torch.backends.cuda.matmul.allow_tf32 is expected


def test_what_changes_results_is_off_in_the_configs() -> None:
    hooks = Config.fromfile(RUNTIME).default_hooks
    assert hooks.compile == dict(type="CompileHook", enable=False)
    assert hooks.tf32 == dict(type="TF32Hook", enable=None)
