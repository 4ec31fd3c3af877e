"""The folded form against the plain one, weight for weight."""

import pytest
import torch
from torch import nn

from mmhg.benchmark.plain import PlainHourglass, randomize_statistics
from mmhg.errors import InputError
from mmhg.nn import FoldedHourglass, StackedHourglass
from mmhg.nn.folded import compiled

SMALL = dict(num_stacks=3, depth=2, channels=16, stem_channels=(4, 8, 8), num_keypoints=5)


def trained(**settings) -> StackedHourglass:
    """Return a small network with the statistics of a trained one."""
    torch.manual_seed(0)
    network = StackedHourglass(**{**SMALL, **settings})
    randomize_statistics(network)
    return network.eval()


def relative_deviation(output: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference over the range of what is expected."""
    return float((output - expected).abs().max() / (expected.max() - expected.min()))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_plain_baseline_is_the_same_network(images):
    network = trained()
    plain = PlainHourglass(network.state_dict()).eval()(images)
    assert len(plain) == 3
    for output, expected in zip(network(images), plain, strict=True):
        torch.testing.assert_close(output, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_folded_form_gives_the_last_heatmaps_of_the_plain_one(images):
    network = trained()
    expected = PlainHourglass(network.state_dict()).eval()(images)[-1]
    (output,) = FoldedHourglass(network)(images)
    assert output.dtype == torch.float32
    assert relative_deviation(output, expected) < 2e-5


@torch.no_grad()
@pytest.mark.parametrize("output", ["features", "pyramid"])
@pytest.mark.parametrize("num_keypoints", [5, None])
def test_folded_form_of_other_outputs_keeps_them_all(images, output, num_keypoints):
    network = trained(output=output, num_keypoints=num_keypoints)
    expected = network(images)
    outputs = FoldedHourglass(network)(images)
    assert len(outputs) == len(expected) == 3
    for fast, plain in zip(outputs, expected, strict=True):
        assert relative_deviation(fast, plain) < 2e-5


def test_folded_form_has_no_norm_to_fold_and_one_convolution_between_the_stacks():
    network = FoldedHourglass(trained()).network
    assert [stack.reinject_heatmaps for stack in network.stacks] == [None] * 3
    assert [stack.prediction for stack in network.stacks] == [None] * 3
    assert isinstance(network.stacks[0].reinject_features, nn.Conv2d)
    assert network.stacks[2].reinject_features is None
    residuals = sum(name.endswith(".residual") for name, _ in network.named_modules())
    assert sum(isinstance(m, nn.BatchNorm2d) for m in network.modules()) == residuals


def test_folded_form_is_channels_last_and_leaves_the_network_alone(images):
    network = trained()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fast = FoldedHourglass(network)
    weight = fast.network.stacks[0].hourglass.skip[0].residual[5].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not any(parameter.requires_grad for parameter in fast.parameters())
    assert all(parameter.requires_grad for parameter in network.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


@torch.no_grad()
def test_bfloat16_is_near_and_its_heatmaps_are_float32(images):
    network = trained()
    (output,) = FoldedHourglass(network, torch.bfloat16)(images)
    expected = network(images)[-1]
    assert output.dtype == torch.float32
    assert 1e-5 < relative_deviation(output, expected) < 5e-2
    # The last prediction is computed in float32: its values are not rounded to bfloat16.
    assert not torch.equal(output, output.bfloat16().float())


def test_sizes_that_do_not_fit_are_refused(images):
    with pytest.raises(InputError, match=r"height is 14 px.*at least 16 px"):
        FoldedHourglass(trained())(images[..., :14, :])


@torch.no_grad()
def test_graph_has_no_breaks(images):
    fast = FoldedHourglass(trained())
    torch._dynamo.reset()
    explained = torch._dynamo.explain(fast)(images)
    assert (explained.graph_count, explained.graph_break_count) == (1, 0)


@pytest.mark.slow
@torch.no_grad()
def test_compiled_form_gives_the_same_heatmaps(images):
    network = trained()
    program = compiled(FoldedHourglass(network))
    for batch in (images, torch.rand(1, 3, 36, 52)):
        (output,) = program(batch)
        assert relative_deviation(output, network(batch)[-1]) < 2e-5
