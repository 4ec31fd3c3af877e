"""The fast form of the network in the network's place, for the time of inference.

Shape shorthand in this module: N images, H x W px of the input image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.nn.folded import FoldedHourglass, Forward, compiled
from mmhg.nn.network import StackedHourglass


class FastHourglass(nn.Module):
    """Stands in a trained network's place and computes its `FoldedHourglass`.

    Parameters, buffers and names are the network's own: a state dict that is saved while this
    module stands there is that of the network. The folded copy is made at the first image, and
    anew after `to` and `load_state_dict`. If the weights are changed by other means later,
    `refresh` tells so.

    Args:
        network: Is left as it is.
        dtype: As in `FoldedHourglass`.
        compile: Use `compiled` as well.

    Attributes:
        network: The plain network.
    """

    def __init__(
        self,
        network: StackedHourglass,
        *,
        dtype: torch.dtype = torch.float32,
        compile: bool = False,
    ) -> None:
        super().__init__()
        for name, module in network.named_children():
            self.add_module(name, module)
        # Not registered: its modules are, by the names that they have there.
        self.__dict__["network"] = network
        self.dtype = dtype
        self.compiles = compile
        self.training = False
        self.refresh()

    network: StackedHourglass

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images (N, in_channels, H, W) to what `FoldedHourglass` returns; no gradients."""
        program: Forward | None = self.__dict__["_program"]
        if program is None:  # of two threads that come first, each may make its own
            folded = FoldedHourglass(self.network, self.dtype)
            program = compiled(folded) if self.compiles else folded
            self.__dict__["_program"] = program
        return program(images)

    def refresh(self) -> None:
        """Fold the weights anew at the next image, since they have changed."""
        self.__dict__["_program"] = None

    def train(self, mode: bool = True) -> FastHourglass:
        """Keep the evaluation mode.

        Raises:
            InputError: The training mode is asked for.
        """
        if mode:
            raise InputError(
                "the fast form of the network cannot train; put its `network` back in its place"
            )
        self.network.eval()
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_program": None}

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> FastHourglass:
        self.refresh()
        return super()._apply(fn, recurse)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self.refresh()
        super()._load_from_state_dict(*args, **kwargs)


def enable_fast_inference(
    model: nn.Module, *, dtype: torch.dtype = torch.float32, compile: bool = False
) -> bool:
    """Put a `FastHourglass` in the place of a model's backbone, to stay there.

    Args:
        model: Any module with a `StackedHourglass` in `model.backbone`; `HourglassBackbone` is one.
        dtype: As in `FoldedHourglass`.
        compile: Use `compiled` as well.

    Returns:
        Whether the backbone is one; any other stays.
    """
    backbone = getattr(model, "backbone", None)
    network = backbone.network if isinstance(backbone, FastHourglass) else backbone
    if not isinstance(network, StackedHourglass):
        return False
    model.backbone = FastHourglass(network, dtype=dtype, compile=compile)
    return True


@contextmanager
def fast_inference(
    model: nn.Module, *, dtype: torch.dtype = torch.float32, compile: bool = False
) -> Iterator[bool]:
    """Put a `FastHourglass` in the place of a model's backbone for the length of a `with` block.

    Afterwards, also after an exception, the backbone is the very module that it was.

    Args:
        model: As in `enable_fast_inference`, which is the choice where several threads use a model.
        dtype: As in `FoldedHourglass`.
        compile: Use `compiled` as well.

    Yields:
        Whether it applies.
    """
    backbone: Any = getattr(model, "backbone", None)
    try:
        yield enable_fast_inference(model, dtype=dtype, compile=compile)
    finally:
        if backbone is not None:
            model.backbone = backbone
