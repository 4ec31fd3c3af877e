"""Read our checkpoints and other implementations' as data, and rename keys between them."""

from mmhg.checkpoints.convert import LAYOUTS, SOURCES, Network, read_network

__all__ = ["LAYOUTS", "SOURCES", "Network", "read_network"]
