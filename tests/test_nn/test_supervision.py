"""Say where the network predicts, and what it re-injects: the switches of the paper's ablations."""

import pytest
import torch
from torch import nn

from mmhg.benchmark.plain import randomize_statistics
from mmhg.errors import InputError
from mmhg.nn import FoldedHourglass, MidwayStack, Stack, StackedHourglass, fold_reinjection

SMALL = dict(num_stacks=2, depth=3, channels=8, stem_channels=(4, 8, 8), num_keypoints=3)
SWITCHES = [
    dict(supervision="last"),
    dict(supervision="midway"),
    dict(reinject_heatmaps=False),
]


def network_of(**settings) -> StackedHourglass:
    torch.manual_seed(0)
    return StackedHourglass(**{**SMALL, **settings})


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(1))


def test_the_defaults_are_the_papers() -> None:
    state = network_of().state_dict()
    assert list(state) == list(
        network_of(supervision="stacks", reinject_heatmaps=True).state_dict()
    )
    network_of(supervision="stacks").load_state_dict(state)  # strictly


@pytest.mark.parametrize("settings", SWITCHES)
@pytest.mark.parametrize("with_cp", [False, True])
def test_every_parameter_gets_a_gradient(settings: dict, with_cp: bool, images) -> None:
    network = network_of(with_cp=with_cp, **settings)
    sum(output.square().sum() for output in network(images)).backward()
    assert [name for name, p in network.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize(
    ("settings", "outputs", "lacking"),
    [
        (dict(supervision="last"), 1, ("prediction", "reinject_heatmaps")),
        (dict(supervision="midway"), 5, ("prediction", "reinject_heatmaps")),
        (dict(reinject_heatmaps=False), 2, ("reinject_heatmaps",)),
    ],
)
def test_number_of_outputs_and_layers(settings: dict, outputs: int, lacking, images) -> None:
    network = network_of(**settings)
    assert [tuple(heatmaps.shape) for heatmaps in network(images)] == [(2, 3, 16, 8)] * outputs
    names = {name for name in network.state_dict() if ".midway." not in name}
    expected = set(network_of().state_dict())
    assert names == {
        name
        for name in expected
        if not name.startswith(tuple(f"stacks.0.{layer}" for layer in lacking))
    }


def test_without_supervision_the_last_stack_is_the_papers(images) -> None:
    network = network_of(supervision="last").eval()
    first, last = network.stacks
    x = network.stem(images)
    features = first.features(first.hourglass(x))
    (heatmaps,) = network(images)
    torch.testing.assert_close(heatmaps, last(x + first.reinject_features(features)).heatmaps)


def test_heatmaps_stay_out_of_the_next_stack(images) -> None:
    network = network_of(reinject_heatmaps=False).eval()
    first, second = network(images)
    with torch.no_grad():
        network.stacks[0].prediction.weight.zero_()
    changed, same = network(images)
    assert not changed.equal(first)
    assert same.equal(second)


def test_midway_predictions_come_from_a_quarter_and_half_of_the_resolution(images) -> None:
    network = network_of(supervision="midway").eval()
    x = network.stem(images)
    stack = network.stacks[0]
    inner = stack.hourglass.inner(stack.hourglass.down(x))  # what the last upsampling takes
    innermost = stack.hourglass.inner.inner(stack.hourglass.inner.down(stack.hourglass.down(x)))
    outputs = network(images)
    for output, level, predict in zip(outputs, (innermost, inner), stack.midway, strict=False):
        expected = nn.functional.interpolate(
            predict(level), (16, 8), mode="bilinear", align_corners=False
        )
        torch.testing.assert_close(output, expected)
    assert [level.shape[-1] for level in (innermost, inner)] == [2, 4]


def test_midway_predictions_do_not_change_the_stack(images) -> None:
    settings = dict(depth=3, channels=8, num_keypoints=3)
    plain, midway = Stack(**settings), MidwayStack(midway_keypoints=3, **settings)
    midway.load_state_dict(plain.state_dict(), strict=False)
    x = torch.rand(2, 8, 18, 9)  # sides that cannot be halved evenly
    for found, expected in zip(midway.eval()(x)[:3], plain.eval()(x), strict=True):
        torch.testing.assert_close(found, expected)


@torch.no_grad()
@pytest.mark.parametrize("settings", SWITCHES)
def test_folded_form_gives_the_same_last_heatmaps(settings: dict, images) -> None:
    network = network_of(**settings).eval()
    randomize_statistics(network)
    folded = FoldedHourglass(network)
    (found,) = folded(images)
    expected = network(images)[-1]
    assert (found - expected).abs().max() < 2e-5 * (expected.max() - expected.min())
    assert not any("midway" in name for name in folded.state_dict())


@pytest.mark.parametrize("num_stacks", [1, 2])
@pytest.mark.parametrize("settings", SWITCHES)
def test_without_heatmaps_between_the_stacks_there_is_nothing_to_fold(
    settings: dict, num_stacks: int
) -> None:
    network = network_of(num_stacks=num_stacks, **settings)
    state = {f"backbone.{name}": value for name, value in network.state_dict().items()}
    if num_stacks == 1 and "midway" not in settings.values():
        fold_reinjection(state)  # the paper's single stack
        return
    with pytest.raises(InputError, match="heatmaps to fold"):
        fold_reinjection(state)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(supervision="all"), "supervision must be one of.*'all'"),
        (dict(supervision="last", output="features"), "'last'.*output='heatmaps', got 'features'"),
        (dict(reinject_heatmaps=False, output="pyramid"), "num_keypoints=None"),
        (dict(supervision="last", reinject_heatmaps=False), "Leave out reinject_heatmaps"),
        (dict(supervision="midway", depth=2), "depth of at least 3.*got 2"),
    ],
)
def test_settings_without_effect_are_named(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        network_of(**settings)
