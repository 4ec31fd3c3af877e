"""Pipeline steps beside MMPose's own."""

from .augmentation import FastRandomBBoxTransform, RandomChannelGain, RandomScaleRotation, ScaleBox
from .crop import HourglassCrop, PersonCrop
from .loading import LoadWholeImage
from .person_region import LoadPersonRegion
from .whole_image_box import WholeImageBox

__all__ = [
    "FastRandomBBoxTransform",
    "HourglassCrop",
    "LoadPersonRegion",
    "LoadWholeImage",
    "PersonCrop",
    "RandomChannelGain",
    "RandomScaleRotation",
    "ScaleBox",
    "WholeImageBox",
]
