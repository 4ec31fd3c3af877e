"""What training needs beside the network: an optimiser wrapper and hooks."""

from mmhg.engine.amp import AmpOptimWrapper
from mmhg.engine.hooks import (
    ChannelsLastHook,
    CheckpointMatchHook,
    ResultsHook,
    SkeletonSheetHook,
    TrainingCurvesHook,
)

__all__ = [
    "AmpOptimWrapper",
    "ChannelsLastHook",
    "CheckpointMatchHook",
    "ResultsHook",
    "SkeletonSheetHook",
    "TrainingCurvesHook",
]
