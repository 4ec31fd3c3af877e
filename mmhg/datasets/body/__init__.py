"""Datasets of human bodies.

MMPose's inferencer takes its default person detector from this package's name.
"""

from .mpii_person_dataset import MPIIPersonDataset

__all__ = ["MPIIPersonDataset"]
