"""Datasets, pipeline steps and the MPII converter."""

from mmhg.datasets.body import FLICDataset, LSPDataset, MPIIPersonDataset
from mmhg.datasets.collate import shared_memory_collate
from mmhg.datasets.transforms import (
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
