"""What training needs beside the network: an optimiser wrapper and hooks."""

from mmhg.engine.amp import AmpOptimWrapper
from mmhg.engine.hooks import ChannelsLastHook, ResultsHook, SkeletonSheetHook, TrainingCurvesHook

__all__ = [
    "AmpOptimWrapper",
    "ChannelsLastHook",
    "ResultsHook",
    "SkeletonSheetHook",
    "TrainingCurvesHook",
]
