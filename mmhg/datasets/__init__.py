"""Datasets, pipeline steps and the MPII converter."""

from .body import FLICDataset, LSPDataset, MPIIPersonDataset
from .transforms import (
    FastRandomFlip,
    HourglassCrop,
    LoadWholeImage,
    RandomChannelGain,
    RandomScaleRotation,
    ScaleBox,
    WholeImageBox,
)

__all__ = [
    "FLICDataset",
    "FastRandomFlip",
    "HourglassCrop",
    "LSPDataset",
    "LoadWholeImage",
    "MPIIPersonDataset",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
]
