"""Count a model's parameters and multiply-accumulates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from mmpose.registry import MODELS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Complexity:
    """Size and cost of a model or of a part of it.

    Attributes:
        name: Dotted name of the part, "" for the whole.
        parameters: Number of parameters.
        macs: Multiply-accumulates of one forward pass, in convolutions and matrix products.
    """

    name: str
    parameters: int
    macs: int


def measure_complexity(
    model_cfg: dict, input_shape: tuple[int, int], *, batch_size: int = 1
) -> list[Complexity]:
    """Measure a pose estimator without computing or allocating anything.

    Args:
        model_cfg: `cfg.model`.
        input_shape: Height and width of the network's input, px.
        batch_size: Images in a forward pass.

    Returns:
        The whole model, then the parts of backbone and head that are not empty.
    """
    with torch.device("meta"):
        model = MODELS.build(model_cfg).eval()
        channels = model_cfg["backbone"].get("in_channels", 3)
        images = torch.empty(batch_size, channels, *input_shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(images, None, mode="tensor")
    counts = counter.get_flop_counts()

    def complexity(name: str, module: nn.Module) -> Complexity:
        key = f"{type(model).__name__}.{name}".rstrip(".")
        parameters = sum(parameter.numel() for parameter in module.parameters())
        # The counter's unit is an operation: a multiply-accumulate is two.
        return Complexity(name, parameters, sum(counts.get(key, {}).values()) // 2)

    measured = (complexity(*part) for part in parts(model))
    return [complexity("", model), *(part for part in measured if part.parameters or part.macs)]


def parts(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the children of the model's children, with lists of modules taken apart."""
    for name, module in model.named_children():
        for child_name, child in module.named_children():
            if isinstance(child, nn.ModuleList):
                for index, item in enumerate(child):
                    if item is not None:  # HRNet leaves places in its lists empty
                        yield f"{name}.{child_name}.{index}", item
            else:
                yield f"{name}.{child_name}", child
