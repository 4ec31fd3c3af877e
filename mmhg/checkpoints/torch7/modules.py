"""Read Torch7's nn and cudnn modules as tensors with our names (torch/nn, soumith/cudnn.torch).

Only modules of hg.lua and Residual.lua (princeton-vl/pose-hg-train) are known. Anything else is
refused, as is a module with another kernel, stride or padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmhg.checkpoints.torch7.file import Table
from mmhg.errors import InputError

CONV = ("SpatialConvolution", "SpatialConvolutionMM")
NORM = ("SpatialBatchNormalization", "BatchNormalization")
RELU = ("ReLU",)
POOL = ("SpatialMaxPooling",)
UPSAMPLE = ("SpatialUpSamplingNearest",)
ADD = ("CAddTable",)
IDENTITY = ("Identity",)
SEQUENTIAL = ("Sequential",)
BRANCHES = ("ConcatTable",)

EPS = 1e-5

DEMO = (
    "this is not the network of hg.lua but that of pose-hg-demo (2 stacks, post-activation, 3 "
    "residuals at each place, concatenation), which HourglassBackbone cannot represent. Take a "
    "network that was trained with hg.lua of pose-hg-train"
)


def is_a(module: Any, kinds: Sequence[str]) -> bool:
    """Tell whether a module is one of nn's or cudnn's classes."""
    if not isinstance(module, Table):
        return False
    package, _, kind = module.class_name.rpartition(".")
    return package in ("nn", "cudnn") and kind in kinds


def kind_of(module: Any) -> str:
    """Name the class of a module, for messages."""
    if isinstance(module, Table):
        return module.class_name or "a table"
    return "no module" if module is None else f"a {type(module).__name__}"


def expect(module: Any, kinds: Sequence[str], role: str) -> Table:
    """Return the module if it is of the class that its role needs."""
    if not is_a(module, kinds):
        raise InputError(
            f"{role} should be {kinds[0]}, not {kind_of(module)}. It is not hg.lua's network"
        )
    table: Table = module
    return table


def children(module: Table) -> list[Any]:
    """List the modules inside a container."""
    modules = module.get("modules")
    return modules.array() if isinstance(modules, Table) else []


def number(module: Table, *names: str, default: float) -> float:
    """Return the first of the named fields that exists and is a number."""
    for name in names:
        if isinstance(value := module.get(name), float):
            return value
    return default


def is_of_demo(module: Any) -> bool:
    """Tell whether a module is a concatenation, or a residual beginning with a convolution."""
    if is_a(module, ("JoinTable",)):
        return True
    for kinds in (SEQUENTIAL, BRANCHES, SEQUENTIAL):
        inside = children(module) if is_a(module, kinds) else []
        if not inside:
            return False
        module = inside[0]
    return is_a(module, CONV)


class Weights:
    """Tensors by our names, and the file's arrays that they were read from."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] = {}
        self.used: set[int] = set()

    def conv(self, module: Any, name: str, kernel: int, stride: int = 1) -> None:
        """Read a convolution with bias and `kernel // 2` px of padding."""
        table = expect(module, CONV, name)
        padding = number(table, "padding", "padW", default=0)
        found: tuple[float, ...] = (
            number(table, "kW", default=0),
            number(table, "kH", default=0),
            number(table, "dW", default=1),
            number(table, "dH", default=1),
            padding,
            number(table, "padding", "padH", default=padding),
            number(table, "groups", default=1),
        )
        wanted: tuple[float, ...] = (kernel, kernel, stride, stride, kernel // 2, kernel // 2, 1)
        if found != wanted:
            raise InputError(
                f"{name} has kernel, stride, padding and groups {found}, hg.lua's has {wanted}"
            )
        shape = (int(number(table, "nOutputPlane", default=0)), -1, kernel, kernel)
        weight = self._array(table, "weight", name)
        if shape[0] < 1 or weight.size % (shape[0] * kernel * kernel):
            raise InputError(f"{name} has a weight of shape {weight.shape} for {shape[0]} outputs")
        self.state[f"{name}.weight"] = as_tensor(weight.reshape(shape))
        self.state[f"{name}.bias"] = as_tensor(self._array(table, "bias", name))

    def norm(self, module: Any, name: str) -> None:
        """Read a batch norm. Old files have 1 / sqrt(variance + eps) in place of the variance."""
        table = expect(module, NORM, name)
        eps = number(table, "eps", default=EPS)
        if not np.isclose(eps, EPS, rtol=1e-6, atol=0):
            raise InputError(f"{name} has eps {eps}, the network's is {EPS}")
        for field in ("weight", "bias", "running_mean"):
            self.state[f"{name}.{field}"] = as_tensor(self._array(table, field, name))
        if table.get("running_var") is None and table.get("running_std") is not None:
            inverse = self._array(table, "running_std", name)
            with np.errstate(divide="ignore"):
                variance = inverse.astype(np.float64) ** -2 - eps
            self.state[f"{name}.running_var"] = as_tensor(variance.astype(inverse.dtype))
        else:
            self.state[f"{name}.running_var"] = as_tensor(self._array(table, "running_var", name))

    def residual(self, module: Any, name: str) -> None:
        """Read Residual.lua's Sequential{ConcatTable{BN ReLU conv ... , skip}, CAddTable}."""
        branches, add = self._pair(expect(module, SEQUENTIAL, name), name)
        expect(add, ADD, f"{name}, its end,")
        block, skip = self._pair(expect(branches, BRANCHES, f"{name}, its branches,"), name)
        layers = children(expect(block, SEQUENTIAL, f"{name}, its block,"))
        if len(layers) != 9:
            raise InputError(f"{name} has {len(layers)} layers, Residual.lua's has 9")
        for index, kernel in zip((0, 3, 6), (1, 3, 1), strict=True):
            self.norm(layers[index], f"{name}.residual.{index}")
            expect(layers[index + 1], RELU, f"{name}.residual.{index + 1}")
            self.conv(layers[index + 2], f"{name}.residual.{index + 2}", kernel)
        if is_a(skip, IDENTITY):
            return
        inside = children(skip) if is_a(skip, SEQUENTIAL) else [skip]
        if len(inside) != 1:
            raise InputError(f"{name} has a skip of {len(inside)} layers, Residual.lua's has 1")
        self.conv(inside[0], f"{name}.skip", 1)

    def _pair(self, module: Table, name: str) -> tuple[Any, Any]:
        inside = children(module)
        if len(inside) != 2:
            raise InputError(
                f"{name}: {module.class_name} holds {len(inside)} modules, not Residual.lua's 2"
            )
        return inside[0], inside[1]

    def _array(self, module: Table, field: str, name: str) -> np.ndarray:
        array = module.get(field)
        if not isinstance(array, np.ndarray) or not array.size or array.dtype.kind != "f":
            raise InputError(f"{name}: {module.class_name} has no {field} of numbers")
        self.used.add(id(array))
        return array


def as_tensor(array: np.ndarray) -> Tensor:
    """Copy an array to a tensor with memory of its own."""
    return torch.from_numpy(np.array(array, order="C"))
