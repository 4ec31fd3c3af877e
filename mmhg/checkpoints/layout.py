"""Rename the keys of a published implementation to ours and back, tensor by tensor."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmhg.checkpoints.shapes import tensor_shapes
from mmhg.checkpoints.structure import (
    PREFIX,
    Structure,
    check_counts,
    check_shapes,
    read_structure,
    shown,
)
from mmhg.errors import InputError

SKIP = re.compile(r"\.skip\.(weight|bias)$")
COUNTER = "num_batches_tracked"
KINDS = ("weight", "bias", "running_mean", "running_var", COUNTER)


class Counts(NamedTuple):
    """The counts on which the names of a network's modules depend."""

    num_stacks: int
    depth: int
    num_blocks: int


@dataclass(frozen=True)
class Layout:
    """The names that an implementation gives to the modules of the network.

    Attributes:
        name: The name of the implementation.
        tops: First components of its keys.
        prefix: Precedes each key in its own files.
        stem_channels: The stem that its code builds.
        mean: Subtracted from RGB in [0, 1].
        counts: Reads the counts from the keys, which come without a prefix.
        modules: Its name of every convolution and batch norm, by ours.
        skips_everywhere: True if residuals have a convolution on the skip even where nothing uses
            it because input and output are equally wide.
        checkpoint: Wraps a state dict as its code saves it.
    """

    name: str
    tops: frozenset[str]
    prefix: str
    stem_channels: tuple[int, int, int]
    mean: tuple[float, float, float]
    counts: Callable[[Collection[str]], Counts]
    modules: Callable[[Counts], dict[str, str]]
    skips_everywhere: bool
    checkpoint: Callable[[dict[str, Tensor]], dict[str, Any]]


class Renamed(NamedTuple):
    """Tensors under new keys.

    Attributes:
        state: All tensors of the new layout.
        dropped: Tensors of the old layout that the new one has no place for, with the reason.
        filled: Tensors of the new layout that the old one lacks, with the value they are given.
    """

    state: dict[str, Tensor]
    dropped: dict[str, str]
    filled: dict[str, str]


def rename_to_ours(layout: Layout, tensors: Mapping[str, Tensor]) -> Renamed:
    """Rename a state dict (without a prefix) of an implementation to ours.

    Raises:
        InputError: Tensors are missing, unknown or of another shape. The message names them.
    """
    counts = layout.counts(tensors)
    check_counts(*counts, len(tensors))
    modules = layout.modules(counts)
    names = {theirs: ours for ours, theirs in modules.items()}
    theirs: dict[str, str] = {}
    unknown: list[str] = []
    for key in tensors:
        module, _, kind = key.rpartition(".")
        if module in names:
            theirs[f"{PREFIX}{names[module]}.{kind}"] = key
        else:
            unknown.append(key)
    lacking = [
        f"{theirs_module}.weight"
        for ours_module, theirs_module in modules.items()
        if not ours_module.endswith(".skip") and f"{theirs_module}.weight" not in tensors
    ]
    if unknown or lacking:
        problems = [f"it lacks {shown(lacking)}"] if lacking else []
        if unknown:
            problems.append(f"{layout.name}'s network has no tensors {shown(unknown)}")
        raise InputError(". ".join(problems))

    structure = read_structure({name: tensors[key] for name, key in theirs.items()})
    wanted = tensor_shapes(structure)
    dropped = {}
    if layout.skips_everywhere:
        unused = [name for name in theirs if SKIP.search(name) and name not in wanted]
        reason = "its residual is as wide as its input, so nothing uses it"
        dropped = {theirs.pop(name): reason for name in unused}
    state = {name: tensors[key] for name, key in theirs.items()}
    filled = fill_counters(state, wanted)
    names_there = {f"{PREFIX}{ours}": theirs for ours, theirs in modules.items()}
    check_shapes(state, wanted, _tensor_names(wanted, names_there) | theirs)
    return Renamed({name: state[name] for name in wanted}, dropped, filled)


def rename_to_theirs(layout: Layout, state: Mapping[str, Tensor], structure: Structure) -> Renamed:
    """Rename our state dict to an implementation's, without its prefix.

    Raises:
        InputError: The implementation cannot have such a network.
    """
    counts = Counts(structure.num_stacks, structure.depth, structure.num_blocks)
    renamed: dict[str, Tensor] = {}
    filled: dict[str, str] = {}
    for ours, theirs in layout.modules(counts).items():
        found = [kind for kind in KINDS if f"{PREFIX}{ours}.{kind}" in state]
        for kind in found:
            renamed[f"{theirs}.{kind}"] = state[f"{PREFIX}{ours}.{kind}"]
        if not found and layout.skips_everywhere:
            width = state[f"{PREFIX}{ours.removesuffix('skip')}residual.8.bias"]
            renamed[f"{theirs}.weight"] = width.new_zeros(len(width), len(width), 1, 1)
            renamed[f"{theirs}.bias"] = width.new_zeros(len(width))
            reason = "zeros, which nothing uses: its residual is as wide as its input"
            filled |= {f"{theirs}.weight": reason, f"{theirs}.bias": reason}
    return Renamed(renamed, {}, filled)


def fill_counters(
    state: dict[str, Tensor], wanted: Mapping[str, tuple[int, ...]]
) -> dict[str, str]:
    """Put 0 where a batch norm has no counter, and return the names with the reason.

    PyTorch before 0.4.1 and Torch7 have no counters.
    """
    lacking = [name for name in wanted if name.endswith(COUNTER) and name not in state]
    state |= {name: torch.tensor(0) for name in lacking}
    return dict.fromkeys(lacking, "0: the file is older than the counter, which is not used")


def fresh_optimizer(
    kind: type[torch.optim.Optimizer], lr: float, state: Mapping[str, Tensor]
) -> dict[str, Any]:
    """Return an optimizer's state over all weights and biases of `state` before its first step."""
    count = sum(name.endswith((".weight", ".bias")) for name in state)
    parameters = [nn.Parameter(torch.zeros(1)) for _ in range(count)]
    return kind(parameters, lr=lr).state_dict()  # type: ignore[call-arg]


def _tensor_names(names: Collection[str], modules: Mapping[str, str]) -> dict[str, str]:
    """Map each of our tensors to the name that it has in the file."""
    parts = {name: name.rpartition(".") for name in names}
    return {
        name: f"{modules[module]}.{kind}"
        for name, (module, _, kind) in parts.items()
        if module in modules
    }
