"""The fast form against the plain one, weight for weight."""

import pytest
import torch
from torch import nn

from mmhg.benchmark.plain import PlainHourglass, randomize_statistics
from mmhg.errors import InputError
from mmhg.models import FastHourglass, HourglassBackbone, sped_up, speed_up

SMALL = dict(num_stacks=3, depth=2, channels=16, stem_channels=(4, 8, 8), num_keypoints=5)


def trained(**settings) -> HourglassBackbone:
    """A small network with the statistics of a trained one."""
    torch.manual_seed(0)
    backbone = HourglassBackbone(**{**SMALL, **settings})
    randomize_statistics(backbone)
    return backbone.eval()


def relative_deviation(output: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference over the range of what is expected."""
    return float((output - expected).abs().max() / (expected.max() - expected.min()))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_plain_baseline_is_the_same_network(images):
    backbone = trained()
    plain = PlainHourglass(backbone.state_dict()).eval()(images)
    assert len(plain) == 3
    for output, expected in zip(backbone(images), plain, strict=True):
        torch.testing.assert_close(output, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_fast_form_gives_the_last_heatmaps_of_the_plain_one(images):
    backbone = trained()
    expected = PlainHourglass(backbone.state_dict()).eval()(images)[-1]
    (output,) = FastHourglass(backbone)(images)
    assert output.dtype == torch.float32
    assert relative_deviation(output, expected) < 2e-5


@torch.no_grad()
@pytest.mark.parametrize("output", ["features", "pyramid"])
@pytest.mark.parametrize("num_keypoints", [5, None])
def test_fast_form_of_other_outputs_keeps_them_all(images, output, num_keypoints):
    backbone = trained(output=output, num_keypoints=num_keypoints)
    expected = backbone(images)
    outputs = FastHourglass(backbone)(images)
    assert len(outputs) == len(expected) == 3
    for fast, plain in zip(outputs, expected, strict=True):
        assert relative_deviation(fast, plain) < 2e-5


def test_fast_form_has_no_norm_to_fold_and_one_convolution_between_the_stacks():
    network = FastHourglass(trained()).network
    assert [stack.reinject_heatmaps for stack in network.stacks] == [None] * 3
    assert [stack.prediction for stack in network.stacks] == [None] * 3
    assert isinstance(network.stacks[0].reinject_features, nn.Conv2d)
    assert network.stacks[2].reinject_features is None
    residuals = sum(name.endswith(".residual") for name, _ in network.named_modules())
    assert sum(isinstance(m, nn.BatchNorm2d) for m in network.modules()) == residuals


def test_fast_form_is_channels_last_and_leaves_the_backbone_alone(images):
    backbone = trained()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    fast = FastHourglass(backbone)
    weight = fast.network.stacks[0].hourglass.skip[0].residual[5].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not any(parameter.requires_grad for parameter in fast.parameters())
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, before[name]), name


@torch.no_grad()
def test_bfloat16_is_near_and_its_heatmaps_are_float32(images):
    backbone = trained()
    (output,) = FastHourglass(backbone, torch.bfloat16)(images)
    expected = backbone(images)[-1]
    assert output.dtype == torch.float32
    assert 1e-5 < relative_deviation(output, expected) < 5e-2
    # The last prediction is computed in float32: its values are not rounded to bfloat16.
    assert not torch.equal(output, output.bfloat16().float())


def test_sizes_that_do_not_halve_are_refused(images):
    with pytest.raises(InputError, match="multiples of 16 px"):
        FastHourglass(trained())(images[..., :40, :])


@torch.no_grad()
def test_speed_up_lasts_until_it_is_undone(images):
    model = nn.Module()
    model.backbone = trained()
    names = list(model.state_dict())
    plain = model.backbone(images)
    with sped_up(model) as applies:
        assert applies
        outputs = model.backbone(images)
        assert list(model.state_dict()) == names
    assert len(outputs) == 1
    assert relative_deviation(outputs[0], plain[-1]) < 2e-5
    again = model.backbone(images)
    assert all(torch.equal(a, b) for a, b in zip(again, plain, strict=True))


def test_speed_up_leaves_other_backbones_alone():
    model = nn.Module()
    model.backbone = nn.Conv2d(3, 8, 1)
    assert speed_up(model) is None
    with sped_up(model) as applies:
        assert not applies


@torch.no_grad()
def test_graph_has_no_breaks(images):
    fast = FastHourglass(trained())
    torch._dynamo.reset()
    explained = torch._dynamo.explain(fast)(images)
    assert (explained.graph_count, explained.graph_break_count) == (1, 0)


@pytest.mark.slow
@torch.no_grad()
def test_compiled_form_gives_the_same_heatmaps(images):
    model = nn.Module()
    model.backbone = trained()
    expected = model.backbone(images)[-1]
    with sped_up(model, compile=True):
        (output,) = model.backbone(images)
    assert relative_deviation(output, expected) < 2e-5
