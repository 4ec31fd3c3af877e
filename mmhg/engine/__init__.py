"""Training beside the network: mixed precision and hooks."""

from mmhg.engine.amp import AmpOptimWrapper
from mmhg.engine.hooks import (
    ChannelsLastHook,
    CheckpointMatchHook,
    CompileHook,
    FastInferenceHook,
    ResultsHook,
    SkeletonSheetHook,
    StackSheetHook,
    TF32Hook,
    TrainingCurvesHook,
)

__all__ = [
    "AmpOptimWrapper",
    "ChannelsLastHook",
    "CheckpointMatchHook",
    "CompileHook",
    "FastInferenceHook",
    "ResultsHook",
    "SkeletonSheetHook",
    "StackSheetHook",
    "TF32Hook",
    "TrainingCurvesHook",
]
