"""Fit the filters of a network's first convolution to images of another number of channels."""

from __future__ import annotations

from torch import Tensor

FILTERS = "stem.0.weight"
"""The tensor, as the network names it."""


def spread_over_channels(filters: Tensor, in_channels: int) -> Tensor:
    """Give each of so many channels the same filters: the sum over the old ones, shared out.

    An image whose channels are all equal, gray for example, then keeps its features.

    Args:
        filters: Of a convolution, (outputs, channels, height, width).
        in_channels: Channels of the images to come.
    """
    shared = filters.float().sum(1, keepdim=True) / in_channels
    return shared.repeat(1, in_channels, 1, 1).to(filters.dtype)
