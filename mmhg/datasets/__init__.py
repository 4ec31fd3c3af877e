"""Datasets, pipeline steps and the MPII converter."""

from .body import MPIIPersonDataset
from .transforms import FastRandomFlip, LoadWholeImage, RandomChannelGain, RandomScaleRotation

__all__ = [
    "FastRandomFlip",
    "LoadWholeImage",
    "MPIIPersonDataset",
    "RandomChannelGain",
    "RandomScaleRotation",
]
