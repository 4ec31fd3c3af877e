"""Datasets of human bodies.

MMPose's inferencer takes its default person detector from this package's name.
"""

from .flic_dataset import FLICDataset
from .lsp_dataset import LSPDataset
from .mpii_person_dataset import MPIIPersonDataset

__all__ = ["FLICDataset", "LSPDataset", "MPIIPersonDataset"]
