"""Read the size of a network from its tensors, and check that none is missing or extra."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from mmhg.errors import InputError

PREFIX = "backbone."
LAST_CONV = "residual.8.weight"
SHOWN = 6
DEEPEST = 16
"""Hourglasses deeper than any image allows are refused."""


@dataclass(frozen=True)
class Structure:
    """The arguments of `StackedHourglass` that a checkpoint determines."""

    num_stacks: int
    depth: int
    num_blocks: int
    channels: int
    stem_channels: tuple[int, int, int]
    num_keypoints: int
    in_channels: int = 3

    def settings(self) -> dict[str, Any]:
        """Return the structure as keyword arguments of the network."""
        return asdict(self)

    def __str__(self) -> str:
        text = (
            f"{self.num_stacks} x depth {self.depth} x {self.channels} features, stem "
            f"{self.stem_channels}, residuals per place: {self.num_blocks}, keypoints: "
            f"{self.num_keypoints}"
        )
        return text if self.in_channels == 3 else f"{text}, input channels: {self.in_channels}"


def read_structure(state: Mapping[str, Tensor]) -> Structure:
    """Read the structure of a network with our keys, `backbone.stem.0.weight` and so on.

    Raises:
        InputError: A tensor that it is read from is missing, or has the wrong rank.
    """

    def channels(name: str) -> tuple[int, int]:
        """Return the output and input channels of a convolution's weight."""
        weight = state.get(PREFIX + name)
        if weight is None:
            raise InputError(f"it lacks {PREFIX}{name}: not a stacked hourglass of heatmaps")
        if weight.ndim != 4:
            raise InputError(f"{PREFIX}{name} has shape {tuple(weight.shape)}, not 4 axes")
        return weight.shape[0], weight.shape[1]

    stem, in_channels = channels("stem.0.weight")
    first = [name for name in state if name.startswith(f"{PREFIX}stacks.0.hourglass.")]
    structure = Structure(
        num_stacks=count_distinct(r"backbone\.stacks\.(\d+)\.", state),
        depth=max((name.count(".inner") for name in first), default=0),
        num_blocks=count_distinct(r"backbone\.stacks\.0\.hourglass\.skip\.(\d+)\.", first),
        channels=channels(f"stem.6.{LAST_CONV}")[0],
        stem_channels=(
            stem,
            channels(f"stem.3.{LAST_CONV}")[0],
            channels(f"stem.5.{LAST_CONV}")[0],
        ),
        num_keypoints=channels("stacks.0.prediction.weight")[0],
        in_channels=in_channels,
    )
    check_counts(structure.num_stacks, structure.depth, structure.num_blocks, len(state))
    return structure


def check_counts(num_stacks: int, depth: int, num_blocks: int, tensors: int) -> None:
    """Refuse counts that are too large for the number of tensors, as in a forged file."""
    if depth > DEEPEST:
        raise InputError(f"its hourglasses halve the image {depth:,} times, at most {DEEPEST} work")
    if num_stacks * depth * num_blocks > tensors:
        raise InputError(
            f"its keys speak of {num_stacks:,} stacks of depth {depth} with {num_blocks:,} "
            f"residuals per place, but it has {tensors:,} tensors. It is damaged"
        )


def count_distinct(pattern: str, names: Collection[str]) -> int:
    """Count the different values that the group of `pattern` has at the beginning of `names`.

    Counting keeps a forged index from becoming a forged size.
    """
    matches = map(re.compile(pattern).match, names)
    return len({match[1] for match in matches if match})


def check_shapes(
    tensors: Mapping[str, Tensor],
    wanted: Mapping[str, tuple[int, ...]],
    names: Mapping[str, str] | None = None,
) -> None:
    """Check that the tensors are exactly those wanted.

    Args:
        tensors: With our keys.
        wanted: Their shapes, as `shapes.tensor_shapes` gives them.
        names: The file's names of tensors, where they differ.

    Raises:
        InputError: Tensors are missing, unknown or of another shape. The message names them.
    """
    named = names or {}
    reshaped = [
        f"{named.get(name, name)} {tuple(tensors[name].shape)} instead of {shape}"
        for name, shape in wanted.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    problems = {
        "it lacks": [named.get(name, name) for name in wanted if name not in tensors],
        "it has tensors that the network does not have:": [
            named.get(name, name) for name in tensors if name not in wanted
        ],
        "tensors are of another shape than the others imply:": reshaped,
    }
    if any(problems.values()):
        raise InputError(
            ". ".join(f"{problem} {shown(names)}" for problem, names in problems.items() if names)
        )


def shown(names: Collection[str]) -> str:
    """List the first few names, and how many more there are."""
    listed = list(names)[:SHOWN]
    more = len(names) - len(listed)
    return ", ".join(listed) + (f" and {more:,} more" if more else "")
