"""The trained network in the form that runs fastest, with the same heatmaps.

Shape shorthand in this module: N images, K keypoints, H x W px of the input image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from mmhg.models.backbone import HourglassBackbone
from mmhg.nn.fold_reinjection import merged_reinjection
from mmhg.nn.fuse_conv_bn import fuse_conv_bn
from mmhg.nn.stack import Stack


class FastHourglass(nn.Module):
    """A trained `HourglassBackbone`, rebuilt for inference; the backbone is left as it is.

    Batch norms are folded into the convolutions ahead of them, prediction and re-injection between
    the stacks into one convolution, memory is laid out channels last, and of the heatmaps only the
    last stack's are computed. In float32 that is exact but for rounding. A change of the backbone's
    weights has no effect here.

    Args:
        backbone: With any `output`. With `'features'` and `'pyramid'` all outputs stay.
        dtype: `torch.bfloat16` computes all but the last prediction in it: faster on processors
            that have it, and the keypoints move (docs/deployment.md says how far).
    """

    def __init__(self, backbone: HourglassBackbone, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.network = fuse_conv_bn(backbone)
        self.dtype = dtype
        self.prediction: nn.Conv2d | None = None
        for stack in self.network.stacks:
            if isinstance(stack, Stack) and stack.prediction is not None:
                self.prediction, stack.prediction = stack.prediction, None
                if stack.reinject_features is not None and stack.reinject_heatmaps is not None:
                    layers = (self.prediction, stack.reinject_features, stack.reinject_heatmaps)
                    merged = merged_reinjection(*(dict(layer.state_dict()) for layer in layers))
                    stack.reinject_features.load_state_dict(merged)
                    stack.reinject_heatmaps = None
        if backbone.output != "heatmaps":
            self.prediction = None
        self.network.to(dtype)
        self.requires_grad_(False).eval()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the network.

        Args:
            images: (N, 3, H, W), as the backbone takes them.

        Returns:
            For 'heatmaps' the last stack's alone, (N, K, H / 4, W / 4); else what the backbone
            returns. float32.
        """
        images = images.to(dtype=self.dtype, memory_format=torch.channels_last)
        if self.prediction is None:
            return tuple(output.float() for output in self.network(images))
        self.network._check_input_size(images)
        x = self.network.stem(images)
        for stack in self.network.stacks:  # keeps no stack's features but the last
            features, _, x = stack(x)
        return (self.prediction(features.float()),)


def compiled(network: nn.Module) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """`network` through `torch.compile`, one program for each size of the input.

    The weights are constants of the program; on CUDA it is replayed as one CUDA graph. On the CPU
    it takes a C++ compiler. The first call of each size takes a minute for eight stacks.
    """
    parameter = next(network.parameters())
    option = "triton.cudagraphs" if parameter.is_cuda else "freezing"
    program: Callable[[Tensor], tuple[Tensor, ...]] = torch.compile(
        network, fullgraph=True, dynamic=False, options={option: True}
    )
    return program


def speed_up(
    model: nn.Module, *, dtype: torch.dtype = torch.float32, compile: bool = False
) -> Callable[[], None] | None:
    """Let a model's `HourglassBackbone` compute by its `FastHourglass`, until undone.

    Parameters, buffers and state dict of the model stay what they are. While it lasts, the weights
    must not change, and there are no gradients.

    Args:
        model: A pose estimator, or any module with a `HourglassBackbone` in `model.backbone`.
        dtype: As in `FastHourglass`.
        compile: Use `compiled` as well.

    Returns:
        What undoes it; None where the backbone is of another class, and nothing is done.
    """
    backbone: Any = getattr(model, "backbone", None)
    if not isinstance(backbone, HourglassBackbone):
        return None
    network = FastHourglass(backbone, dtype)
    forward = compiled(network) if compile else network
    # A plain function, not a module: it must not turn up among the backbone's submodules.
    backbone.__dict__["forward"] = lambda images: forward(images)
    # What `backbone.compile()` made for training would be called in place of `forward`.
    training_program = backbone._compiled_call_impl
    backbone._compiled_call_impl = None

    def undo() -> None:
        backbone.__dict__.pop("forward", None)
        backbone._compiled_call_impl = training_program

    return undo


@contextmanager
def sped_up(
    model: nn.Module, *, dtype: torch.dtype = torch.float32, compile: bool = False
) -> Iterator[bool]:
    """`speed_up` for the length of a `with` block; gives whether it applies."""
    undo = speed_up(model, dtype=dtype, compile=compile)
    try:
        yield undo is not None
    finally:
        if undo is not None:
            undo()
