"""Rebuild a trained network for inference, with the same heatmaps.

Shape shorthand in this module: N images, K keypoints, H x W px of the input image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from mmhg.nn.fold_reinjection import merge_reinjection
from mmhg.nn.fuse_conv_bn import fuse_conv_bn
from mmhg.nn.network import StackedHourglass
from mmhg.nn.stack import MidwayStack, Stack

Forward: TypeAlias = Callable[[Tensor], tuple[Tensor, ...]]


class FoldedHourglass(nn.Module):
    """A copy of a trained `StackedHourglass` for inference, with folded weights of its own.

    Batch norms are folded into the convolutions ahead of them, prediction and re-injection between
    the stacks into one convolution. Memory is laid out channels last, and only the last stack's
    heatmaps are computed. In float32 the result is exact except for rounding.

    Args:
        network: With any `output`. With `'features'` and `'pyramid'` all outputs stay.
        dtype: The type to compute in; the last prediction is always computed in float32.
            `torch.bfloat16` is faster on processors that have it, but moves the keypoints
            (docs/deployment.md says how far).
    """

    def __init__(self, network: StackedHourglass, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.network = fuse_conv_bn(network)
        self.dtype = dtype
        self.prediction: nn.Conv2d | None = None
        for stack in self.network.stacks:
            if isinstance(stack, Stack) and stack.prediction is not None:
                self.prediction, stack.prediction = stack.prediction, None
                if stack.reinject_features is not None and stack.reinject_heatmaps is not None:
                    layers = (self.prediction, stack.reinject_features, stack.reinject_heatmaps)
                    merged = merge_reinjection(*(dict(layer.state_dict()) for layer in layers))
                    stack.reinject_features.load_state_dict(merged)
                    stack.reinject_heatmaps = None
            if isinstance(stack, MidwayStack):
                stack.midway = nn.ModuleList()
        if network.output != "heatmaps":
            self.prediction = None
        if self.prediction is not None:
            self.prediction.float()
        self.network.to(dtype)
        self.requires_grad_(False).eval()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the network.

        Args:
            images: (N, in_channels, H, W), as the network takes them.

        Returns:
            float32: for 'heatmaps' those of the last stack alone, (N, K, H / 4, W / 4), otherwise
            what the network returns.
        """
        images = images.to(dtype=self.dtype, memory_format=torch.channels_last)
        if self.prediction is None:
            return tuple(output.float() for output in self.network(images))
        self.network.check_input(images)
        x = self.network.stem(images)
        for stack in self.network.stacks:  # keeps the last stack's features alone
            features, _, x, *_ = stack(x)
        return (self.prediction(features.float()),)


def compiled(network: nn.Module) -> Forward:
    """Return `network` through `torch.compile`, one program for each size of the input.

    The weights are constants of the program; on CUDA it is replayed as one CUDA graph. On the CPU
    it takes a C++ compiler. The first call of each size takes a minute for eight stacks.
    """
    parameter = next(network.parameters())
    option = "triton.cudagraphs" if parameter.is_cuda else "freezing"
    program: Forward = torch.compile(network, fullgraph=True, dynamic=False, options={option: True})
    return program
