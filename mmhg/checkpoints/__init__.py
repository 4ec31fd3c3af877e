"""Read our checkpoints and other implementations' as data, and rename keys between them."""

from mmhg.checkpoints.convert import LAYOUTS, SOURCES, Network, read_network
from mmhg.checkpoints.shipped import shipped_weights

__all__ = ["LAYOUTS", "SOURCES", "Network", "read_network", "shipped_weights"]
