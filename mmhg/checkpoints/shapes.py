"""Name and shape of every tensor of a network with our keys, without building it."""

from __future__ import annotations

from mmhg.checkpoints.structure import PREFIX, Structure
from mmhg.errors import InputError

Shapes = dict[str, tuple[int, ...]]


def tensor_shapes(structure: Structure) -> Shapes:
    """List the tensors of a network of this structure, in the order of its state dict.

    Raises:
        InputError: There is no such network.
    """
    channels, (first, second, third) = structure.channels, structure.stem_channels
    _check_widths(structure)
    stem = f"{PREFIX}stem"
    shapes = _conv(f"{stem}.0", structure.in_channels, first, kernel=7) | _norm(f"{stem}.1", first)
    shapes |= _residual(f"{stem}.3", first, second)
    shapes |= _residual(f"{stem}.5", second, third) | _residual(f"{stem}.6", third, channels)
    for index in range(structure.num_stacks):
        is_last = index == structure.num_stacks - 1
        shapes |= _stack(f"{PREFIX}stacks.{index}", structure, is_last)
    return shapes


def _check_widths(structure: Structure) -> None:
    numbers = [value for value in structure.settings().values() if isinstance(value, int)]
    odd = [width for width in (*structure.stem_channels[1:], structure.channels) if width % 2]
    if odd or min(*numbers, *structure.stem_channels) < 1:
        problem = f"a residual's width must be even, got {odd[0]}" if odd else "all must exceed 0"
        raise InputError(f"there is no network with {structure}: {problem}")


def _stack(name: str, structure: Structure, is_last: bool) -> Shapes:
    channels, joints, blocks = structure.channels, structure.num_keypoints, structure.num_blocks
    shapes = _hourglass(f"{name}.hourglass", structure, structure.depth)
    shapes |= _residuals(f"{name}.features", structure)
    shapes |= _conv(f"{name}.features.{blocks}", channels, channels)
    shapes |= _norm(f"{name}.features.{blocks + 1}", channels)
    shapes |= _conv(f"{name}.prediction", channels, joints)
    if not is_last:
        shapes |= _conv(f"{name}.reinject_features", channels, channels)
        shapes |= _conv(f"{name}.reinject_heatmaps", joints, channels)
    return shapes


def _hourglass(name: str, structure: Structure, depth: int) -> Shapes:
    if depth == 0:
        return _residuals(name, structure)
    shapes = _residuals(f"{name}.skip", structure)
    shapes |= _residuals(f"{name}.down", structure, first=1)  # after the max-pooling
    shapes |= _hourglass(f"{name}.inner", structure, depth - 1)
    return shapes | _residuals(f"{name}.up", structure)


def _residuals(name: str, structure: Structure, first: int = 0) -> Shapes:
    shapes: Shapes = {}
    for index in range(first, first + structure.num_blocks):
        shapes |= _residual(f"{name}.{index}", structure.channels, structure.channels)
    return shapes


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
