"""The list of a network's tensors is that of the network itself."""

import inspect
import re
from dataclasses import replace

import pytest
import torch

from mmhg.checkpoints.shapes import tensor_shapes
from mmhg.checkpoints.structure import Structure, read_structure
from mmhg.errors import InputError
from mmhg.models import HourglassBackbone
from mmhg.nn.stack import Stem

PAPER = Structure(
    num_stacks=8,
    depth=4,
    num_blocks=1,
    channels=256,
    stem_channels=(64, 128, 128),
    num_keypoints=16,
)
SMALL = replace(PAPER, num_stacks=2, depth=2, channels=8, stem_channels=(4, 6, 8))
TAKES_IN_CHANNELS = "in_channels" in inspect.signature(Stem).parameters


def build(structure: Structure) -> HourglassBackbone:
    settings = structure.settings()
    if not TAKES_IN_CHANNELS:
        del settings["in_channels"]
    with torch.device("meta"):
        return HourglassBackbone(**settings)


@pytest.mark.parametrize(
    "structure",
    [
        PAPER,
        SMALL,
        replace(SMALL, num_stacks=1),
        replace(SMALL, num_stacks=3, depth=1),
        replace(SMALL, depth=5),
        replace(SMALL, num_blocks=3),
        replace(SMALL, channels=12),
        replace(SMALL, stem_channels=(3, 3 * 4, 8)),
        replace(SMALL, stem_channels=(8, 8, 8)),
        replace(SMALL, num_keypoints=1),
        pytest.param(
            replace(SMALL, in_channels=1),
            marks=pytest.mark.skipif(not TAKES_IN_CHANNELS, reason="the backbone takes RGB"),
        ),
        pytest.param(
            replace(SMALL, in_channels=6, num_blocks=2),
            marks=pytest.mark.skipif(not TAKES_IN_CHANNELS, reason="the backbone takes RGB"),
        ),
    ],
    ids=str,
)
def test_it_is_that_of_the_network(structure: Structure) -> None:
    state = {f"backbone.{name}": value for name, value in build(structure).state_dict().items()}
    expected = [(name, tuple(value.shape)) for name, value in state.items()]
    assert list(tensor_shapes(structure).items()) == expected  # in the same order
    assert read_structure(state) == structure


@pytest.mark.parametrize("in_channels", [1, 6])
def test_the_stem_takes_the_channels(in_channels: int) -> None:
    rgb, other = tensor_shapes(SMALL), tensor_shapes(replace(SMALL, in_channels=in_channels))
    assert {name: shape for name, shape in other.items() if shape != rgb[name]} == {
        "backbone.stem.0.weight": (4, in_channels, 7, 7)
    }
    state = {name: torch.zeros(shape, device="meta") for name, shape in other.items()}
    assert read_structure(state).in_channels == in_channels


@pytest.mark.parametrize(
    "change",
    [
        dict(channels=7),
        dict(stem_channels=(4, 5, 8)),
        dict(stem_channels=(4, 6, 7)),
        dict(num_stacks=0),
        dict(depth=0),
        dict(num_blocks=0),
        dict(num_keypoints=0),
    ],
    ids=str,
)
def test_what_the_constructor_refuses_is_refused(change: dict) -> None:
    structure = replace(SMALL, **change)
    with pytest.raises(ValueError):
        build(structure)
    with pytest.raises(InputError, match=re.escape(f"there is no network with {structure}")):
        tensor_shapes(structure)


@pytest.mark.parametrize(
    "change", [dict(in_channels=0), dict(stem_channels=(0, 6, 8)), dict(channels=0)], ids=str
)
def test_empty_tensors_are_refused(change: dict) -> None:
    with pytest.raises(InputError, match="all must exceed 0"):
        tensor_shapes(replace(SMALL, **change))
