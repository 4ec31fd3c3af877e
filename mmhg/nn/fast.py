"""Put the fast form of a network in the network's place while it is used for inference.

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
    """A module that takes a trained network's place and computes its `FoldedHourglass`.

    Parameters, buffers and names are the network's own: a state dict that is saved while this
    module is in its place is that of the network. The folded copy is made at the first image, and
    again after `to` and `load_state_dict`. Call `refresh` if the weights change in another way.

    Args:
        network: The plain network; it is left as it is.
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
        # Not registered itself: its modules are registered above, under their own names.
        self.__dict__["network"] = network
        self.dtype = dtype
        self.compiles = compile
        self.training = False
        self.refresh()

    network: StackedHourglass

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return what `FoldedHourglass` does for images (N, in_channels, H, W); no gradients."""
        program: Forward | None = self.__dict__["_program"]
        if program is None:  # two threads that come first may each make their own
            folded = FoldedHourglass(self.network, self.dtype)
            program = compiled(folded) if self.compiles else folded
            self.__dict__["_program"] = program
        return program(images)

    def refresh(self) -> None:
        """Fold the weights again at the next image, because they have changed."""
        self.__dict__["_program"] = None

    def train(self, mode: bool = True) -> FastHourglass:
        """Keep the evaluation mode.

        Raises:
            InputError: `mode` asks for training.
        """
        if mode:
            raise InputError(
                "the fast form of the network cannot train. Put its `network` back in its place"
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
    """Put a `FastHourglass` in the place of a model's backbone for good.

    Args:
        model: Any module whose `backbone` is a `StackedHourglass`, such as `HourglassBackbone`.
        dtype: As in `FoldedHourglass`.
        compile: Use `compiled` as well.

    Returns:
        True if that was done; any other backbone stays as it is.
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

    Afterwards, also after an exception, the backbone is the same module as before.

    Args:
        model: As in `enable_fast_inference`. Use that where several threads share a model.
        dtype: As in `FoldedHourglass`.
        compile: Use `compiled` as well.

    Yields:
        True if that was done, as `enable_fast_inference` returns it.
    """
    backbone: Any = getattr(model, "backbone", None)
    if isinstance(backbone, FastHourglass) and (backbone.dtype, backbone.compiles) == (
        dtype,
        compile,
    ):
        yield True  # another thread's, or there to stay
        return
    try:
        yield enable_fast_inference(model, dtype=dtype, compile=compile)
    finally:
        if backbone is not None:
            model.backbone = backbone
