"""Images of any number of channels, and of any size that the hourglass can halve."""

import pytest
import torch
from torch import nn

from mmhg.benchmark.plain import randomize_statistics
from mmhg.errors import InputError
from mmhg.nn import FoldedHourglass, Hourglass, StackedHourglass, fuse_conv_bn

SMALL = dict(channels=16, stem_channels=(4, 8, 8), num_keypoints=3)


def trained(**settings) -> StackedHourglass:
    torch.manual_seed(0)
    network = StackedHourglass(**{"num_stacks": 2, **SMALL, **settings})
    randomize_statistics(network)
    return network.eval()


@pytest.mark.parametrize("in_channels", [1, 3, 6])
def test_channels(in_channels: int) -> None:
    network = StackedHourglass(num_stacks=1, in_channels=in_channels, **SMALL)
    assert network.stem[0].weight.shape == (4, in_channels, 7, 7)
    assert network(torch.zeros(2, in_channels, 64, 64))[0].shape == (2, 3, 16, 16)
    with pytest.raises(InputError, match=f"have 2 channels, .*in_channels is {in_channels}"):
        network(torch.zeros(2, 2, 64, 64))


@pytest.mark.parametrize(("height", "width"), [(384, 288), (64, 68), (92, 140)])
def test_sizes_that_do_not_halve_evenly(height: int, width: int) -> None:
    outputs = trained()(torch.rand(1, 3, height, width))
    assert [tuple(output.shape) for output in outputs] == [(1, 3, height // 4, width // 4)] * 2


def test_the_upsampled_map_takes_the_size_of_the_skip() -> None:
    hourglass = Hourglass(depth=2, channels=4).eval()
    x = torch.rand(1, 4, 9, 8)
    inner = hourglass.inner(hourglass.down(x))
    assert inner.shape == (1, 4, 4, 4)
    up = hourglass.up(inner)
    rows = [0, 0, 0, 1, 1, 2, 2, 3, 3]  # nearest: floor(i 4 / 9)
    expected = hourglass.skip(x) + up[:, :, rows].repeat_interleave(2, -1)
    torch.testing.assert_close(hourglass(x), expected)


def test_pyramid_levels_have_half_the_sides_rounded_down() -> None:
    levels = trained(output="pyramid")(torch.rand(1, 3, 384, 288))
    assert [tuple(level.shape[-2:]) for level in levels] == [
        (96, 72),
        (48, 36),
        (24, 18),
        (12, 9),
        (6, 4),
    ]


@torch.no_grad()
@pytest.mark.parametrize("output", ["heatmaps", "pyramid"])
def test_fused_and_folded_forms_of_odd_levels(output: str) -> None:
    network, images = trained(output=output), torch.rand(2, 3, 76, 100)
    expected = network(images)
    for found in (fuse_conv_bn(network)(images), FoldedHourglass(network)(images)):
        assert len(found) in (1, len(expected))
        for ours, theirs in zip(found, expected[-len(found) :], strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-5)


@torch.no_grad()
def test_traced_and_exported_forms_of_odd_levels() -> None:
    network, images = FoldedHourglass(trained()), torch.rand(2, 3, 76, 100)
    dynamic = {"images": {0: torch.export.Dim.DYNAMIC}}
    program = torch.export.export(network, (images,), dynamic_shapes=dynamic).module()
    for form in (program, torch.jit.trace(network, images)):
        for batch in (images, torch.rand(3, 3, 76, 100)):
            torch.testing.assert_close(form(batch), network(batch), rtol=1e-5, atol=1e-6)


def test_training_step_of_odd_levels_compiles_to_one_graph() -> None:
    torch._dynamo.reset()
    network, images = trained().train(), torch.rand(2, 3, 72, 64)
    found = torch._dynamo.explain(network)(images)
    assert (found.graph_count, found.graph_break_count) == (1, 0), found.break_reasons
    compiled = torch.compile(network, fullgraph=True, dynamic=False, backend="aot_eager")
    sum(output.square().mean() for output in compiled(images)).backward()
    gradients = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    sum(output.square().mean() for output in network(images)).backward()
    for gradient, parameter in zip(gradients, network.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=1e-3, atol=1e-5)
    torch._dynamo.reset()


@pytest.mark.parametrize(
    ("height", "width", "depth", "message"),
    [
        (290, 384, 4, "height is 290 px.*multiples of 4 px and at least 64 px.*288 and 292 would"),
        (256, 193, 4, "width is 193 px.*192 and 196 would work"),
        (32, 64, 4, "height is 32 px.*at least 64 px, so 64 would work"),
        (64, 66, 5, "height is 64 px.*at least 128 px, so 128 would work"),
        (62, 62, 3, "height is 62 px.*at least 32 px, so 60 and 64 would work"),
    ],
)
def test_sizes_that_are_refused(height: int, width: int, depth: int, message: str) -> None:
    network = StackedHourglass(num_stacks=1, depth=depth, **SMALL)
    with pytest.raises(InputError, match=message):
        network(torch.zeros(1, 3, height, width))


def test_all_levels_get_gradients_from_odd_sizes() -> None:
    network = trained().train()
    sum(output.square().sum() for output in network(torch.rand(2, 3, 68, 92))).backward()
    assert all(
        parameter.grad.abs().sum() > 0
        for module in network.modules()
        if isinstance(module, nn.Conv2d)
        for parameter in [module.weight]
    )
