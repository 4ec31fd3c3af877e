"""Other people's checkpoints: read as data, renamed to our keys, and back."""

from mmhg.checkpoints.network import LAYOUTS, SOURCES, Network, read_network
from mmhg.checkpoints.writing import write_ours, write_theirs

__all__ = [
    "LAYOUTS",
    "SOURCES",
    "Network",
    "read_network",
    "write_ours",
    "write_theirs",
]
