"""Training beside the network: mixed precision, hooks and loops."""

from mmhg.engine.amp import AmpOptimWrapper
from mmhg.engine.hooks import (
    ChannelsLastHook,
    CheckpointMatchHook,
    CompileHook,
    ResultsHook,
    SkeletonSheetHook,
    StackSheetHook,
    TF32Hook,
    TrainingCurvesHook,
)
from mmhg.engine.loops import FastTestLoop, FastValLoop

__all__ = [
    "AmpOptimWrapper",
    "ChannelsLastHook",
    "CheckpointMatchHook",
    "CompileHook",
    "FastTestLoop",
    "FastValLoop",
    "ResultsHook",
    "SkeletonSheetHook",
    "StackSheetHook",
    "TF32Hook",
    "TrainingCurvesHook",
]
