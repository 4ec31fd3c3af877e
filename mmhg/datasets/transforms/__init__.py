"""Pipeline steps beside MMPose's own."""

from .augmentation import FastRandomFlip, RandomChannelGain, RandomScaleRotation, ScaleBox
from .loading import LoadWholeImage
from .whole_image_box import WholeImageBox

__all__ = [
    "FastRandomFlip",
    "LoadWholeImage",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
]
