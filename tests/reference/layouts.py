"""Random networks in the key layout of each published implementation.

A module of the network is known by its role, which is the same in every layout:

- `("stem", "conv")`, `("stem", "bn")`, and `("stem", r, part)` for the residuals r = 0, 1, 2;
- `("hourglass", stack, level, place, block, part)`, level 0 the outermost, place one of `PLACES`
  and, on the lowest level, `"bottom"`;
- `("features", stack, block, part)`, `("linear", stack, "conv")`, `("linear", stack, "bn")`;
- `("heatmaps", stack)`, `("merge_features", stack)`, `("merge_heatmaps", stack)`.

The parts of a residual are bn1, conv1, bn2, conv2, bn3, conv3 and, where widths differ, skip.
`princeton`, `bearpaw` and `ours` draw the same numbers for the same size and seed. anibali's layout
is bearpaw's without a prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Role = tuple[str | int, ...]

PLACES = ("skip", "down", "up")


@dataclass(frozen=True)
class Size:
    """The size of a network; the default is narrow and shallow.

    Args:
        depth: Levels of an hourglass; published networks have 4.
        stem_channels: Widths of the 7x7 convolution and of the residuals after it, but the last.
    """

    num_stacks: int = 2
    num_blocks: int = 1
    channels: int = 8
    num_keypoints: int = 3
    stem_channels: tuple[int, int, int] = (4, 6, 6)
    depth: int = 4


@dataclass(frozen=True)
class Module:
    """A convolution, or a batch norm (`kernel` 0)."""

    role: Role
    inputs: int
    outputs: int
    kernel: int


def residual(role: Role, inputs: int, outputs: int) -> Iterator[Module]:
    width = outputs // 2
    yield Module((*role, "bn1"), inputs, inputs, 0)
    yield Module((*role, "conv1"), inputs, width, 1)
    yield Module((*role, "bn2"), width, width, 0)
    yield Module((*role, "conv2"), width, width, 3)
    yield Module((*role, "bn3"), width, width, 0)
    yield Module((*role, "conv3"), width, outputs, 1)
    if inputs != outputs:
        yield Module((*role, "skip"), inputs, outputs, 1)


def places(level: int, depth: int) -> tuple[str, ...]:
    """Name the places of a level that hold residuals."""
    return (*PLACES, "bottom") if level == depth - 1 else PLACES


def modules(size: Size) -> Iterator[Module]:
    """Yield all modules of the paper's network."""
    width, joints = size.channels, size.num_keypoints
    stem = (*size.stem_channels, width)
    yield Module(("stem", "conv"), 3, stem[0], 7)
    yield Module(("stem", "bn"), stem[0], stem[0], 0)
    for index in range(3):
        yield from residual(("stem", index), stem[index], stem[index + 1])
    for stack in range(size.num_stacks):
        for level in range(size.depth):
            for place in places(level, size.depth):
                for block in range(size.num_blocks):
                    yield from residual(("hourglass", stack, level, place, block), width, width)
        for block in range(size.num_blocks):
            yield from residual(("features", stack, block), width, width)
        yield Module(("linear", stack, "conv"), width, width, 1)
        yield Module(("linear", stack, "bn"), width, width, 0)
        yield Module(("heatmaps", stack), width, joints, 1)
        if stack < size.num_stacks - 1:
            yield Module(("merge_features", stack), width, width, 1)
            yield Module(("merge_heatmaps", stack), joints, width, 1)


Names = Callable[[Role], str]
"""A layout: the prefix of a module's keys, from its role."""


def princeton_names(size: Size) -> Names:
    """Return princeton-vl's names: one residual per place, a convolution's tensors under `conv`."""
    parts = {f"bn{i}": f"bn{i}" for i in (1, 2, 3)} | {
        f"conv{i}": f"conv{i}.conv" for i in (1, 2, 3)
    }
    parts["skip"] = "skip_layer.conv"
    places = {"skip": "up1", "down": "low1", "bottom": "low2", "up": "low3"}

    def names(role: Role) -> str:
        match role:
            case ("stem", "conv" | "bn" as part):
                return f"pre.0.{part}"
            case ("stem", int(index), part):
                return f"pre.{(1, 3, 4)[index]}.{parts[str(part)]}"
            case ("hourglass", stack, int(level), place, _, part):
                inner = ".low2" * level
                return f"hgs.{stack}.0{inner}.{places[str(place)]}.{parts[str(part)]}"
            case ("features", stack, _, part):
                return f"features.{stack}.0.{parts[str(part)]}"
            case ("linear", stack, part):
                return f"features.{stack}.1.{part}"
            case ("heatmaps", stack):
                return f"outs.{stack}.conv"
            case ("merge_features", stack):
                return f"merge_features.{stack}.conv.conv"
            case ("merge_heatmaps", stack):
                return f"merge_preds.{stack}.conv.conv"
        raise KeyError(role)

    return names


def bearpaw_names(size: Size) -> Names:
    """Return bearpaw's and anibali's names, which count levels from the innermost."""
    parts = {name: name for name in ("bn1", "conv1", "bn2", "conv2", "bn3", "conv3")}
    parts["skip"] = "downsample.0"
    places = {"skip": 0, "down": 1, "up": 2, "bottom": 3}

    def names(role: Role) -> str:
        match role:
            case ("stem", "conv" | "bn" as part):
                return f"{part}1"
            case ("stem", int(index), part):
                return f"layer{index + 1}.0.{parts[str(part)]}"
            case ("hourglass", stack, int(level), place, block, part):
                place = f"{size.depth - 1 - level}.{places[str(place)]}"
                return f"hg.{stack}.hg.{place}.{block}.{parts[str(part)]}"
            case ("features", stack, block, part):
                return f"res.{stack}.{block}.{parts[str(part)]}"
            case ("linear", stack, part):
                return f"fc.{stack}.{('conv', 'bn').index(str(part))}"
            case ("heatmaps", stack):
                return f"score.{stack}"
            case ("merge_features", stack):
                return f"fc_.{stack}"
            case ("merge_heatmaps", stack):
                return f"score_.{stack}"
        raise KeyError(role)

    return names


def our_names(size: Size) -> Names:
    """Return the names of `HourglassBackbone(output='heatmaps')`."""
    order = ("bn1", None, "conv1", "bn2", None, "conv2", "bn3", None, "conv3")
    parts = {part: f"residual.{index}" for index, part in enumerate(order) if part}
    parts["skip"] = "skip"

    def names(role: Role) -> str:
        match role:
            case ("stem", "conv" | "bn" as part):
                return f"stem.{('conv', 'bn').index(str(part))}"
            case ("stem", int(index), part):
                return f"stem.{(3, 5, 6)[index]}.{parts[str(part)]}"
            case ("hourglass", stack, int(level), place, int(block), part):
                inner = ".inner" * (level + (place == "bottom"))
                place = "" if place == "bottom" else f".{place}"
                index = block + (place == ".down")  # after the pooling
                return f"stacks.{stack}.hourglass{inner}{place}.{index}.{parts[str(part)]}"
            case ("features", stack, block, part):
                return f"stacks.{stack}.features.{block}.{parts[str(part)]}"
            case ("linear", stack, part):
                index = size.num_blocks + ("conv", "bn").index(str(part))
                return f"stacks.{stack}.features.{index}"
            case ("heatmaps", stack):
                return f"stacks.{stack}.prediction"
            case ("merge_features", stack):
                return f"stacks.{stack}.reinject_features"
            case ("merge_heatmaps", stack):
                return f"stacks.{stack}.reinject_heatmaps"
        raise KeyError(role)

    return names


def draw(module: Module, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw a module's tensors, float64: none is that of an untrained network."""

    def uniform(shape: tuple[int, ...], low: float, high: float) -> Tensor:
        unit = torch.rand(shape, generator=generator, dtype=torch.float64)
        return low + (high - low) * unit

    shape = (module.outputs,)
    if module.kernel:
        bound = (module.inputs * module.kernel**2) ** -0.5
        kernel = (*shape, module.inputs, module.kernel, module.kernel)
        return {"weight": uniform(kernel, -bound, bound), "bias": uniform(shape, -bound, bound)}
    return {
        "weight": uniform(shape, 0.5, 1.5),
        "bias": uniform(shape, -0.5, 0.5),
        "running_mean": uniform(shape, -0.5, 0.5),
        "running_var": uniform(shape, 0.5, 1.5),
        "num_batches_tracked": torch.tensor(1234),
    }


def state_dict(
    size: Size, names: Names, seed: int, prefix: str, unused: tuple[Module, ...] = ()
) -> dict[str, Tensor]:
    """Draw all modules' tensors, those of `unused` last, so that the rest stays the same."""
    generator = torch.Generator().manual_seed(seed)
    return {
        f"{prefix}{names(module.role)}.{name}": tensor
        for module in (*modules(size), *unused)
        for name, tensor in draw(module, generator).items()
    }


def princeton(size: Size = Size(), *, seed: int = 0, prefix: str = "") -> dict[str, Tensor]:
    """Make princeton-vl's state dict, with the `skip_layer` that every residual has, used or not.

    Args:
        prefix: `"model.module."` in the published files.
    """
    if size.num_blocks != 1:
        raise ValueError(
            f"princeton-vl's network has one residual per place, not {size.num_blocks}"
        )
    outputs = [m for m in modules(size) if m.role[-1] == "conv3"]
    inputs = [m for m in modules(size) if m.role[-1] == "bn1"]
    unused = tuple(
        Module((*last.role[:-1], "skip"), first.inputs, last.outputs, 1)
        for first, last in zip(inputs, outputs, strict=True)
        if first.inputs == last.outputs
    )
    return state_dict(size, princeton_names(size), seed, prefix, unused)


def bearpaw(size: Size = Size(), *, seed: int = 0, prefix: str = "") -> dict[str, Tensor]:
    """Make bearpaw's state dict, and without prefix anibali's.

    Args:
        prefix: `"module."` in bearpaw's files.
    """
    return state_dict(size, bearpaw_names(size), seed, prefix)


def ours(size: Size = Size(), *, seed: int = 0, prefix: str = "") -> dict[str, Tensor]:
    """Make the state dict of `HourglassBackbone(output='heatmaps')`.

    Args:
        prefix: `"backbone."` in a checkpoint of a pose estimator.
    """
    return state_dict(size, our_names(size), seed, prefix)
