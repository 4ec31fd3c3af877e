"""Datasets, pipeline steps and the MPII converter."""

from .body import FLICDataset, LSPDataset, MPIIPersonDataset
from .transforms import (
    FastRandomFlip,
    LoadWholeImage,
    RandomChannelGain,
    RandomScaleRotation,
    ScaleBox,
    WholeImageBox,
)

__all__ = [
    "FLICDataset",
    "FastRandomFlip",
    "LSPDataset",
    "LoadWholeImage",
    "MPIIPersonDataset",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
]
