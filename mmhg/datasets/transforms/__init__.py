"""Pipeline steps beside MMPose's own."""

from .augmentation import FastRandomFlip, RandomChannelGain, RandomScaleRotation, ScaleBox
from .crop import HourglassCrop
from .loading import LoadWholeImage
from .whole_image_box import WholeImageBox

__all__ = [
    "FastRandomFlip",
    "HourglassCrop",
    "LoadWholeImage",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
]
