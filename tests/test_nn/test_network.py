"""The network against the paper: layers, parameters, outputs, gradients."""

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from mmhg.nn import StackedHourglass

SMALL = dict(channels=16, stem_channels=(4, 8, 8), num_keypoints=3)


def conv(inputs: int, outputs: int, kernel: int = 1) -> int:
    return inputs * outputs * kernel**2 + outputs


def residual(inputs: int, outputs: int) -> int:
    half = outputs // 2
    norms = 2 * inputs + 2 * half + 2 * half
    skip = conv(inputs, outputs) if inputs != outputs else 0
    return norms + conv(inputs, half) + conv(half, half, 3) + conv(half, outputs) + skip


def paper_parameters(stacks: int, joints: int, width: int = 256, depth: int = 4) -> int:
    """Count the parameters layer by layer, as hg.lua builds them."""
    stem = conv(3, 64, 7) + 2 * 64 + residual(64, 128) + residual(128, 128) + residual(128, width)
    hourglass = (3 * depth + 1) * residual(width, width)
    features = residual(width, width) + conv(width, width) + 2 * width
    prediction = conv(width, joints)
    reinjection = conv(width, width) + conv(joints, width)
    return stem + stacks * (hourglass + features + prediction) + (stacks - 1) * reinjection


@pytest.mark.parametrize(("stacks", "published"), [(1, 3_426_448), (2, 6_570_400), (8, 25_434_112)])
def test_parameters_are_those_of_the_papers_layers(stacks: int, published: int) -> None:
    network = StackedHourglass(num_stacks=stacks)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == paper_parameters(stacks, joints=16) == published


def test_layers_are_the_papers() -> None:
    network = StackedHourglass(num_stacks=2)
    convs = {name: m for name, m in network.named_modules() if isinstance(m, nn.Conv2d)}
    assert all(m.bias is not None for m in convs.values())
    stem = convs.pop("stem.0")
    assert (stem.kernel_size, stem.stride, stem.padding) == ((7, 7), (2, 2), (3, 3))
    assert {m.kernel_size for m in convs.values()} == {(1, 1), (3, 3)}
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(m.eps, m.momentum) for m in norms} == {(1e-5, 0.1)}


def test_initial_weights_have_torch7s_spread() -> None:
    network = StackedHourglass(num_stacks=1)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            bound = (module.weight[0].numel()) ** -0.5  # U(-1/sqrt(fan_in), 1/sqrt(fan_in))
            assert module.weight.abs().max() <= bound
            if module.weight.numel() > 1000:
                torch.testing.assert_close(
                    module.weight.std().item(), bound / 3**0.5, rtol=0.05, atol=0
                )
                assert module.bias.abs().max() > 0


def test_heatmaps_of_every_stack() -> None:
    network = StackedHourglass(num_stacks=3, **SMALL)
    outputs = network(torch.zeros(2, 3, 128, 64))
    assert isinstance(outputs, tuple)
    assert [tuple(o.shape) for o in outputs] == [(2, 3, 32, 16)] * 3


def test_features_of_every_stack() -> None:
    network = StackedHourglass(num_stacks=2, output="features", **SMALL)
    outputs = network(torch.zeros(2, 3, 64, 64))
    assert [tuple(o.shape) for o in outputs] == [(2, 16, 16, 16)] * 2


def test_pyramid_is_the_last_hourglass_finest_first() -> None:
    network = StackedHourglass(num_stacks=2, output="pyramid", **SMALL).eval()
    image = torch.rand(1, 3, 128, 128)
    levels = network(image)
    assert [tuple(o.shape[1:]) for o in levels] == [
        (16, 128 // stride, 128 // stride) for stride in (4, 8, 16, 32, 64)
    ]
    last_input = network.stacks[0](network.stem(image)).next_input
    torch.testing.assert_close(levels[0], network.stacks[1].hourglass(last_input))


def test_reinjection_adds_input_features_and_heatmaps() -> None:
    network = StackedHourglass(num_stacks=2, **SMALL).eval()
    stack = network.stacks[0]
    x = torch.rand(1, 16, 16, 16)
    features, heatmaps, next_input = stack(x)
    expected = x + stack.reinject_features(features) + stack.reinject_heatmaps(heatmaps)
    torch.testing.assert_close(next_input, expected)
    torch.testing.assert_close(heatmaps, stack.prediction(features))


def test_hourglass_by_the_figure() -> None:
    hourglass = StackedHourglass(num_stacks=1, depth=1, **SMALL).stacks[0].hourglass.eval()
    x = torch.rand(1, 16, 8, 8)
    low = hourglass.inner(hourglass.down[1](nn.functional.max_pool2d(x, 2)))
    up = hourglass.up[0](low).repeat_interleave(2, -1).repeat_interleave(2, -2)
    torch.testing.assert_close(hourglass(x), hourglass.skip(x) + up)


@pytest.mark.parametrize("output", ["heatmaps", "features", "pyramid"])
@pytest.mark.parametrize("num_keypoints", [3, None])
def test_every_parameter_gets_a_gradient(output: str, num_keypoints: int | None) -> None:
    if output == "heatmaps" and num_keypoints is None:
        with pytest.raises(ValueError, match="num_keypoints"):
            StackedHourglass(output=output, num_keypoints=None)
        return
    settings = {**SMALL, "num_keypoints": num_keypoints}
    network = StackedHourglass(num_stacks=2, output=output, **settings)
    sum(o.square().sum() for o in network(torch.rand(2, 3, 64, 64))).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []


def test_options_reach_the_innermost_module() -> None:
    network = StackedHourglass(
        num_stacks=1, num_blocks=3, norm=lambda channels: nn.GroupNorm(2, channels), **SMALL
    )
    hourglass = network.stacks[0].hourglass
    for _ in range(3):
        hourglass = hourglass.inner
    assert len(hourglass.inner) == len(hourglass.skip) == 3
    assert isinstance(hourglass.inner[0].residual[0], nn.GroupNorm)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(num_stacks=0), "num_stacks.*got 0"),
        (dict(channels=7), "even.*got 7"),
        (dict(output="heatmap"), "output must be one of.*'heatmap'"),
        (dict(stem_channels=(64, 128)), "stem_channels.*three"),
        (dict(in_channels=0), "in_channels.*got 0"),
    ],
)
def test_bad_settings_are_named(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StackedHourglass(**{"num_stacks": 1, **settings})


def test_checkpointing_changes_neither_gradients_nor_statistics() -> None:
    torch.manual_seed(0)
    plain = StackedHourglass(num_stacks=2, **SMALL).double()
    checkpointed = StackedHourglass(num_stacks=2, with_cp=True, **SMALL).double()
    checkpointed.load_state_dict(plain.state_dict())
    image = torch.rand(2, 3, 64, 64, dtype=torch.double)
    for network in (plain, checkpointed):
        sum(o.square().mean() for o in network(image)).backward()
    for (name, expected), actual in zip(
        plain.named_parameters(), checkpointed.parameters(), strict=True
    ):
        torch.testing.assert_close(actual.grad, expected.grad, msg=name)
    counters = 0
    for name, expected in plain.named_buffers():
        torch.testing.assert_close(checkpointed.get_buffer(name), expected, msg=name)
        counters += name.endswith("num_batches_tracked") and int(expected) == 1
    assert counters > 0
    assert checkpointed.stem[1].momentum == 0.1


def test_checkpointing_frees_activations() -> None:
    class Saved:
        def __init__(self) -> None:
            self.elements = 0

        def __call__(self, tensor: torch.Tensor) -> torch.Tensor:
            self.elements += tensor.numel()
            return tensor

    image = torch.rand(2, 3, 64, 64)
    elements = []
    for with_cp in (False, True):
        saved = Saved()
        network = StackedHourglass(num_stacks=4, with_cp=with_cp, **SMALL)
        with torch.autograd.graph.saved_tensors_hooks(saved, lambda t: t):
            network(image)
        elements.append(saved.elements)
    assert elements[1] < elements[0] / 10


@pytest.fixture
def compiler() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize(("mode", "with_cp"), [("train", False), ("train", True), ("eval", False)])
def test_compiles_to_one_graph(mode: str, with_cp: bool) -> None:
    network = StackedHourglass(num_stacks=2, depth=1, with_cp=with_cp, **SMALL)
    network.train(mode == "train")
    found = torch._dynamo.explain(network)(torch.rand(2, 3, 32, 32))
    assert (found.graph_count, found.graph_break_count) == (1, 0), found.break_reasons


@pytest.mark.usefixtures("compiler")
def test_compiled_checkpointing_has_the_same_gradients_and_statistics() -> None:
    torch.manual_seed(0)
    plain = StackedHourglass(num_stacks=2, depth=1, **SMALL).double()
    compiled = StackedHourglass(num_stacks=2, depth=1, with_cp=True, **SMALL).double()
    compiled.load_state_dict(plain.state_dict())
    compiled.compile(fullgraph=True, dynamic=False, backend="aot_eager")
    image = torch.rand(2, 3, 32, 32, dtype=torch.double)
    for network in (plain, compiled):
        sum(o.square().mean() for o in network(image)).backward()
    for (name, expected), actual in zip(
        plain.named_parameters(), compiled.parameters(), strict=True
    ):
        torch.testing.assert_close(actual.grad, expected.grad, msg=name)
    for name, expected in plain.named_buffers():
        torch.testing.assert_close(compiled.get_buffer(name), expected, msg=name)
