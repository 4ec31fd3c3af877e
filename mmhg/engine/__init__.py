"""What training needs beside the network: optimizer wrappers, hooks and loops."""

from mmhg.engine.amp import AmpOptimWrapper
from mmhg.engine.clipping import OptimWrapper
from mmhg.engine.hooks import (
    ChannelsLastHook,
    CheckpointMatchHook,
    CompileHook,
    DeferredRuntimeInfoHook,
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
    "DeferredRuntimeInfoHook",
    "FastTestLoop",
    "FastValLoop",
    "OptimWrapper",
    "ResultsHook",
    "SkeletonSheetHook",
    "StackSheetHook",
    "TF32Hook",
    "TrainingCurvesHook",
]
