"""Datasets, pipeline steps and the MPII converter."""

from .body import FLICDataset, LSPDataset, MPIIPersonDataset
from .collate import shared_memory_collate
from .transforms import (
    FastRandomBBoxTransform,
    HourglassCrop,
    LoadPersonRegion,
    LoadWholeImage,
    PersonCrop,
    RandomChannelGain,
    RandomScaleRotation,
    ScaleBox,
    WholeImageBox,
)

__all__ = [
    "FLICDataset",
    "FastRandomBBoxTransform",
    "HourglassCrop",
    "LSPDataset",
    "LoadPersonRegion",
    "LoadWholeImage",
    "MPIIPersonDataset",
    "PersonCrop",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
    "shared_memory_collate",
]
