"""Name and shape of every tensor of a network with our keys, without building it."""

from __future__ import annotations

from collections.abc import Iterator

from mmhg.checkpoints.structure import PREFIX, Structure
from mmhg.errors import InputError

Shapes = dict[str, tuple[int, ...]]


def tensor_shapes(structure: Structure) -> Shapes:
    """List the tensors of a network of this structure, in the order of its state dict.

    Raises:
        InputError: There is no such network.
    """
    _check_widths(structure)
    channels, blocks, joints = structure.channels, structure.num_blocks, structure.num_keypoints
    first, second, third = structure.stem_channels
    shapes = _conv("stem.0", structure.in_channels, first, kernel=7) | _norm("stem.1", first)
    for layer, inputs, outputs in ((3, first, second), (5, second, third), (6, third, channels)):
        shapes |= _residual(f"stem.{layer}", inputs, outputs)
    for index in range(structure.num_stacks):
        stack = f"stacks.{index}"
        for name in _hourglass(f"{stack}.hourglass", structure.depth, blocks):
            shapes |= _residual(name, channels, channels)
        for block in range(blocks):
            shapes |= _residual(f"{stack}.features.{block}", channels, channels)
        shapes |= _conv(f"{stack}.features.{blocks}", channels, channels)
        shapes |= _norm(f"{stack}.features.{blocks + 1}", channels)
        shapes |= _conv(f"{stack}.prediction", channels, joints)
        if index < structure.num_stacks - 1:
            shapes |= _conv(f"{stack}.reinject_features", channels, channels)
            shapes |= _conv(f"{stack}.reinject_heatmaps", joints, channels)
    return {PREFIX + name: shape for name, shape in shapes.items()}


def _check_widths(structure: Structure) -> None:
    numbers = [value for value in structure.settings().values() if isinstance(value, int)]
    odd = [width for width in (*structure.stem_channels[1:], structure.channels) if width % 2]
    if odd or min(*numbers, *structure.stem_channels) < 1:
        problem = f"a residual's width must be even, got {odd[0]}" if odd else "all must exceed 0"
        raise InputError(f"there is no network with {structure}: {problem}")


def _hourglass(name: str, depth: int, blocks: int) -> Iterator[str]:
    """Name the residuals of an hourglass. At depth 0 these are those at its lowest resolution."""
    if depth == 0:
        yield from (f"{name}.{block}" for block in range(blocks))
        return
    yield from (f"{name}.skip.{block}" for block in range(blocks))
    yield from (f"{name}.down.{block}" for block in range(1, blocks + 1))  # 0 is the pooling
    yield from _hourglass(f"{name}.inner", depth - 1, blocks)
    yield from (f"{name}.up.{block}" for block in range(blocks))


def _residual(name: str, inputs: int, outputs: int) -> Shapes:
    half, layers = outputs // 2, f"{name}.residual"
    shapes = _norm(f"{layers}.0", inputs) | _conv(f"{layers}.2", inputs, half)
    shapes |= _norm(f"{layers}.3", half) | _conv(f"{layers}.5", half, half, kernel=3)
    shapes |= _norm(f"{layers}.6", half) | _conv(f"{layers}.8", half, outputs)
    return shapes if inputs == outputs else shapes | _conv(f"{name}.skip", inputs, outputs)


def _conv(name: str, inputs: int, outputs: int, kernel: int = 1) -> Shapes:
    return {f"{name}.weight": (outputs, inputs, kernel, kernel), f"{name}.bias": (outputs,)}


def _norm(name: str, width: int) -> Shapes:
    kinds = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{kind}": (width,) for kind in kinds} | {f"{name}.num_batches_tracked": ()}
