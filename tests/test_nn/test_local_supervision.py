"""Local supervision against one backward pass through the same cut graph, and its memory."""

import pytest
import torch
from torch import Tensor

from mmhg.errors import InputError
from mmhg.nn import StackedHourglass, intermediate_supervision_loss, local_backward

SMALL = dict(num_stacks=4, depth=1, channels=8, stem_channels=(4, 8, 8), num_keypoints=3)
LEARNING_RATE = 1e-3


def network_of(**settings) -> StackedHourglass:
    torch.manual_seed(0)
    return StackedHourglass(**{**SMALL, **settings}).double()


@pytest.fixture
def batches() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    shapes = (2, 3, 32, 32), (2, 3, 8, 8)
    return [
        tuple(torch.rand(shape, generator=generator, dtype=torch.double) for shape in shapes)
        for _ in range(10)
    ]


def optimizer_of(network: StackedHourglass) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(network.parameters(), lr=LEARNING_RATE, alpha=0.99, eps=1e-8)


def train_ordinarily(network, batches, cut_every: int) -> list[float]:
    """Go backward once a step, from the sum of the losses, through graphs cut by hand."""
    optimizer = optimizer_of(network)
    losses = []
    for images, targets in batches:
        x = network.stem(images)
        heatmaps = []
        for number, stack in enumerate(network.stacks, start=1):
            features = stack.features(stack.hourglass(x))
            heatmaps.append(stack.prediction(features))
            if number == len(network.stacks):
                break
            inputs = [x, features, heatmaps[-1]]
            if number % cut_every == 0:
                inputs = [tensor.detach() for tensor in inputs]
            x = inputs[0] + stack.reinject_features(inputs[1]) + stack.reinject_heatmaps(inputs[2])
        loss = intermediate_supervision_loss(heatmaps, targets)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@pytest.mark.parametrize(("cut_every", "with_cp"), [(1, False), (3, True), (4, False)])
def test_ten_steps_give_the_weights_of_one_backward_pass(batches, cut_every, with_cp) -> None:
    ordinary, local = network_of(), network_of(with_cp=with_cp)
    before = {name: value.clone() for name, value in local.state_dict().items()}
    losses = train_ordinarily(ordinary, batches, cut_every)
    optimizer = optimizer_of(local)
    for (images, targets), expected in zip(batches, losses, strict=True):
        optimizer.zero_grad()
        loss = local_backward(
            local,
            images,
            lambda heatmaps, targets=targets: intermediate_supervision_loss(heatmaps, targets),
            cut_every=cut_every,
        )
        assert loss.item() == pytest.approx(expected, rel=1e-12)
        assert not loss.requires_grad
        assert [name for name, p in local.named_parameters() if p.grad is None] == []
        optimizer.step()
    found = local.state_dict()
    for name, expected in ordinary.state_dict().items():  # statistics and counters too
        torch.testing.assert_close(found[name], expected, rtol=0, atol=1e-12, msg=name)
        assert not before[name].equal(expected), name


def test_a_loss_reaches_its_own_group_of_stacks_alone() -> None:
    network = network_of()
    reached = []
    for outputs in network.forward_cut(torch.rand(2, 3, 32, 32, dtype=torch.double), 2):
        network.zero_grad()
        outputs[-1].square().sum().backward()
        names = [name for name, p in network.named_parameters() if p.grad is not None]
        reached.append({".".join(name.split(".")[:3]) for name in names})
    stem, reinject = {n for n in reached[0] if n[:4] == "stem"}, "reinject_features"
    layers = ("features", "hourglass", "prediction")
    first = {f"stacks.{stack}.{layer}" for stack in (0, 1) for layer in layers}
    between = {f"stacks.0.{layer}" for layer in (reinject, "reinject_heatmaps")}
    assert stem and reached[0] == stem | first | between
    assert f"stacks.1.{reinject}" in reached[1]  # learns from the loss of the stacks it feeds
    assert not any(name.startswith(("stem", "stacks.0")) for name in reached[1])
    assert {"stacks.1.features", "stacks.1.hourglass", "stacks.1.prediction"}.isdisjoint(reached[1])


def test_outputs_are_those_of_the_network() -> None:
    images = torch.rand(1, 3, 32, 32, dtype=torch.double)
    for settings in ({}, dict(output="features", num_keypoints=None)):
        network = network_of(**settings).eval()
        groups = list(network.forward_cut(images, 3))
        assert [len(group) for group in groups] == [3, 1]
        for output, expected in zip(sum(groups, ()), network(images), strict=True):
            torch.testing.assert_close(output, expected, rtol=1e-12, atol=1e-12)


def test_backward_runs_outside_of_autocast_and_may_scale(batches) -> None:
    images, targets = (tensor.float() for tensor in batches[0])
    network = network_of().float()
    seen = []

    def backward(loss: Tensor) -> None:
        seen.append(torch.is_autocast_enabled("cpu"))
        (1024 * loss).backward()

    def gradients(**settings) -> Tensor:
        network.load_state_dict(network_of().state_dict())
        network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            local_backward(
                network,
                images,
                lambda heatmaps: sum((h.float() - targets).square().mean() for h in heatmaps),
                **settings,
            )
        return torch.cat([p.grad.flatten() for p in network.parameters()])

    plain = gradients()
    assert plain.isfinite().all() and plain.abs().max() > 0
    assert torch.equal(gradients(backward=backward), 1024 * plain)
    assert seen == [False] * 4


@pytest.mark.parametrize(
    ("settings", "cut_every", "message"),
    [
        ({}, 0, "cut_every.*got 0"),
        (dict(output="pyramid"), 1, "pyramid.*output='heatmaps'"),
        (dict(output="features"), 1, "num_keypoints=3.*num_keypoints=None"),
        (dict(supervision="last"), 1, "supervision='last'.*supervision='stacks'"),
    ],
)
def test_what_would_leave_parameters_without_a_gradient_is_named(
    settings: dict, cut_every: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        list(network_of(**settings).forward_cut(torch.zeros(1, 3, 32, 32).double(), cut_every))
