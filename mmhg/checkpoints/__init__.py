"""Other people's checkpoints: read as data, renamed to our keys, and back."""

from mmhg.checkpoints.convert import LAYOUTS, SOURCES, Network, read_network

__all__ = [
    "LAYOUTS",
    "SOURCES",
    "Network",
    "read_network",
]
