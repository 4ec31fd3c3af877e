"""Pipeline steps beside MMPose's own."""

from .augmentation import FastRandomFlip, RandomChannelGain, RandomScaleRotation
from .loading import LoadWholeImage

__all__ = ["FastRandomFlip", "LoadWholeImage", "RandomChannelGain", "RandomScaleRotation"]
