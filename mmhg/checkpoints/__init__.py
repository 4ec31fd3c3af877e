"""Read checkpoints of others, and ours, as data; rename their keys to ours, and back."""

from mmhg.checkpoints.convert import LAYOUTS, SOURCES, Network, read_network

__all__ = [
    "LAYOUTS",
    "SOURCES",
    "Network",
    "read_network",
]
