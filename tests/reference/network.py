"""The paper's network as a plain function of a dict of tensors, in any published key layout.

Written from the paper (sections 3.1-3.3, figures 3 and 4) and `layouts.py` alone; nothing of `mmhg`
is used here.

Shape shorthand in this module: N images, C channels, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from reference.layouts import Names, Role, Size

MOMENTUM = 0.1
EPS = 1e-5
"""Torch7's and PyTorch's defaults, which all published implementations keep."""


@dataclass
class Network:
    """A network's tensors and what they are called.

    Args:
        tensors: State dict without a prefix; running statistics are updated in place in training.
        training: Whether batch norms use the batch's statistics.
    """

    tensors: dict[str, Tensor]
    names: Names
    size: Size
    training: bool

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Return heatmaps (N, K, H, W) of every stack, from images (N, 3, 4 H, 4 W)."""
        x = self.stem(images)
        outputs = []
        for stack in range(self.size.num_stacks):
            y = self.hourglass(x, stack, level=0)
            y = self.residuals(y, ("features", stack))
            y = self.conv(y, ("linear", stack, "conv"))
            y = functional.relu(self.batch_norm(y, ("linear", stack, "bn")))
            heatmaps = self.conv(y, ("heatmaps", stack))
            outputs.append(heatmaps)
            if stack < self.size.num_stacks - 1:
                merged = self.conv(y, ("merge_features", stack))
                x = x + merged + self.conv(heatmaps, ("merge_heatmaps", stack))
        return outputs

    def stem(self, images: Tensor) -> Tensor:
        x = self.conv(images, ("stem", "conv"), stride=2, padding=3)
        x = functional.relu(self.batch_norm(x, ("stem", "bn")))
        x = self.residual(x, ("stem", 0))
        x = functional.max_pool2d(x, 2)
        x = self.residual(x, ("stem", 1))
        return self.residual(x, ("stem", 2))

    def hourglass(self, x: Tensor, stack: int, level: int) -> Tensor:
        role = ("hourglass", stack, level)
        skip = self.residuals(x, (*role, "skip"))
        y = self.residuals(functional.max_pool2d(x, 2), (*role, "down"))
        if level < self.size.depth - 1:
            y = self.hourglass(y, stack, level + 1)
        else:
            y = self.residuals(y, (*role, "bottom"))
        y = self.residuals(y, (*role, "up"))
        return skip + functional.interpolate(y, scale_factor=2, mode="nearest")

    def residuals(self, x: Tensor, role: Role) -> Tensor:
        for block in range(self.size.num_blocks):
            x = self.residual(x, (*role, block))
        return x

    def residual(self, x: Tensor, role: Role) -> Tensor:
        y = self.conv(functional.relu(self.batch_norm(x, (*role, "bn1"))), (*role, "conv1"))
        y = functional.relu(self.batch_norm(y, (*role, "bn2")))
        y = self.conv(y, (*role, "conv2"), padding=1)
        y = self.conv(functional.relu(self.batch_norm(y, (*role, "bn3"))), (*role, "conv3"))
        return y + (x if x.shape == y.shape else self.conv(x, (*role, "skip")))

    def conv(self, x: Tensor, role: Role, stride: int = 1, padding: int = 0) -> Tensor:
        name = self.names(role)
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return functional.conv2d(x, weight, bias, stride=stride, padding=padding)

    def batch_norm(self, x: Tensor, role: Role) -> Tensor:
        names = ("running_mean", "running_var", "weight", "bias")
        tensors = (self.tensors[f"{self.names(role)}.{name}"] for name in names)
        return functional.batch_norm(x, *tensors, self.training, MOMENTUM, EPS)


def loss(heatmaps: Sequence[Tensor], targets: Tensor) -> Tensor:
    """Sum over the stacks of the mean squared error over all elements, without a mask."""
    return torch.stack([functional.mse_loss(output, targets) for output in heatmaps]).sum()


@torch.no_grad()
def rmsprop(
    parameters: Sequence[Tensor],
    squares: Sequence[Tensor],
    rate: float = 2.5e-4,
    alpha: float = 0.99,
    eps: float = 1e-8,
) -> None:
    """Do one step of RMSprop in place, as Torch7's `optim.rmsprop`, with the authors' numbers.

    Args:
        parameters: Tensors with gradients.
        squares: Running means of the squared gradients, at first 0; updated in place.
    """
    for parameter, square in zip(parameters, squares, strict=True):
        assert parameter.grad is not None
        square.mul_(alpha).add_(parameter.grad.square(), alpha=1 - alpha)
        parameter.sub_(rate * parameter.grad / (square.sqrt() + eps))
