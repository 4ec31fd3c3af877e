"""Pipeline steps beside MMPose's own."""

from mmhg.datasets.transforms.augmentation import (
    RandomChannelGain,
    RandomScaleRotation,
    ScaleBox,
    WholeImageBox,
)
from mmhg.datasets.transforms.crop import HourglassCrop, PersonCrop
from mmhg.datasets.transforms.loading import LoadWholeImage

__all__ = [
    "HourglassCrop",
    "LoadWholeImage",
    "PersonCrop",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
]
