"""The network as MMPose's backbone: the same outputs, and MMPose's settings."""

import pytest
import torch
from mmpose.registry import MODELS
from torch import nn

from mmhg.models import HourglassBackbone
from mmhg.nn import StackedHourglass

SMALL = dict(channels=16, stem_channels=(4, 8, 8), num_keypoints=3)


@pytest.mark.parametrize("output", ["heatmaps", "features", "pyramid"])
def test_outputs_gradients_and_names_are_those_of_the_network(output: str) -> None:
    torch.manual_seed(0)
    network = StackedHourglass(num_stacks=2, output=output, in_channels=2, **SMALL)
    torch.manual_seed(0)
    backbone = HourglassBackbone(num_stacks=2, output=output, in_channels=2, **SMALL)
    backbone.init_weights()
    assert list(backbone.state_dict()) == list(network.state_dict())
    images = torch.rand(2, 2, 64, 96)
    for first, second in zip(backbone(images), network(images), strict=True):
        assert torch.equal(first, second)
        first.square().sum().backward(retain_graph=True)
        second.square().sum().backward(retain_graph=True)
    for first, second in zip(backbone.parameters(), network.parameters(), strict=True):
        assert torch.equal(first.grad, second.grad)
    for first, second in zip(backbone.buffers(), network.buffers(), strict=True):
        assert torch.equal(first, second)


def test_norm_and_init_are_configs() -> None:
    backbone = HourglassBackbone(
        num_stacks=1,
        norm_cfg=dict(type="GN", num_groups=2),
        init_cfg=dict(type="Constant", layer="Conv2d", val=0.5),
        **SMALL,
    )
    assert isinstance(backbone.stacks[0].hourglass.inner.inner.skip[0].residual[0], nn.GroupNorm)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in backbone.modules())
    backbone.init_weights()
    assert (backbone.stem[0].weight == 0.5).all()


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match=r"frozen_stages.*got 3"):
        HourglassBackbone(num_stacks=2, frozen_stages=3)
    with pytest.raises(ValueError, match=r"num_stacks.*got 0"):
        HourglassBackbone(num_stacks=0)


def test_frozen_stages_stay_frozen_in_training() -> None:
    backbone = HourglassBackbone(num_stacks=3, frozen_stages=1, **SMALL)
    backbone.train()
    frozen = {n for n, p in backbone.named_parameters() if not p.requires_grad}
    assert frozen == {
        n for n, _ in backbone.named_parameters() if n.startswith(("stem.", "stacks.0."))
    }
    assert not backbone.stem[1].training
    assert not backbone.stacks[0].training
    assert backbone.stacks[1].training
    before = backbone.stem[1].running_mean.clone()
    backbone(torch.rand(2, 3, 64, 64))
    torch.testing.assert_close(backbone.stem[1].running_mean, before)


def test_norm_eval_keeps_only_batch_norms_in_evaluation() -> None:
    backbone = HourglassBackbone(num_stacks=1, norm_eval=True, **SMALL)
    backbone.train()
    norms = [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert not any(m.training for m in norms)
    assert backbone.stacks[0].training
    assert all(p.requires_grad for p in backbone.parameters())


def test_registered_in_mmpose() -> None:
    backbone = MODELS.build(dict(type="HourglassBackbone", num_stacks=1, **SMALL))
    assert isinstance(backbone, HourglassBackbone)
