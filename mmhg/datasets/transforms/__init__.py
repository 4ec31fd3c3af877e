"""Pipeline steps beside MMPose's own."""

from mmhg.datasets.transforms.augmentation import (
    FastRandomBBoxTransform,
    RandomChannelGain,
    RandomScaleRotation,
    ScaleBox,
)
from mmhg.datasets.transforms.crop import HourglassCrop, PersonCrop
from mmhg.datasets.transforms.loading import LoadWholeImage
from mmhg.datasets.transforms.person_region import LoadPersonRegion
from mmhg.datasets.transforms.whole_image_box import WholeImageBox

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
