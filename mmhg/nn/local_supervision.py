"""Local supervision: each stack learns from its own loss, and goes backward at once.

Shape shorthand in this module: N images, H x W px of the input image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from mmhg.nn.network import StackedHourglass


def local_backward(
    network: StackedHourglass,
    images: Tensor,
    loss: Callable[[tuple[Tensor, ...]], Tensor],
    *,
    cut_every: int = 1,
    backward: Callable[[Tensor], Any] = Tensor.backward,
) -> Tensor:
    """Run forward and backward stack by stack, so that one stack's activations are alive at a time.

    The gradients are those of one backward pass from the sum of all losses, through a graph that
    is cut as `StackedHourglass.forward_cut` says. They add up in `grad` as usual: `zero_grad` comes
    before, the optimizer's step after this. `DistributedDataParallel` allows one backward pass a
    step: average the gradients yourself, or train a `LocalTopdownPoseEstimator`.

    Args:
        network: In training mode.
        images: (N, in_channels, H, W).
        loss: Maps the outputs of a group of stacks to a scalar, such as
            `lambda heatmaps: intermediate_supervision_loss(heatmaps, targets)`. It is called for
            one group after the other, from the first.
        cut_every: Stacks in a group.
        backward: Takes each loss; with loss scaling `lambda loss: scaler.scale(loss).backward()`.
            It runs without autocast.

    Returns:
        The sum of the losses, without a graph.

    Raises:
        InputError: The network has not an output after every stack, or the images do not fit.
    """
    values = []
    for outputs in network.forward_cut(images, cut_every):
        value = loss(outputs)
        with outside_autocast(images.device.type):
            backward(value)
        values.append(value.detach())
    return torch.stack(values).sum()


@contextmanager
def outside_autocast(device: str) -> Iterator[None]:
    """Leave autocast for a backward pass, then free its copies of the weights that are done.

    Args:
        device: Type of the device, such as `'cuda'`.
    """
    with torch.autocast(device, enabled=False):
        yield
    torch.clear_autocast_cache()
