"""Datasets, pipeline steps and the MPII converter."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.datasets.body import CocoPersonDataset, FLICDataset, LSPDataset, MPIIPersonDataset
from mmhg.datasets.collate import stack_images_collate
from mmhg.datasets.transforms import (
    HourglassCrop,
    LoadWholeImage,
    PersonCrop,
    RandomChannelGain,
    RandomScaleRotation,
    ScaleBox,
    WholeImageBox,
)

__all__ = [
    "CocoPersonDataset",
    "FLICDataset",
    "HourglassCrop",
    "LSPDataset",
    "LoadWholeImage",
    "MPIIPersonDataset",
    "PersonCrop",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
    "stack_images_collate",
]
