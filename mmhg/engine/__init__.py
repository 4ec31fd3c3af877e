"""What training needs beside the network: optimiser wrappers and hooks."""

from mmhg.engine.amp import AmpOptimWrapper
from mmhg.engine.clipping import OptimWrapper
from mmhg.engine.hooks import (
    ChannelsLastHook,
    CheckpointMatchHook,
    CompileHook,
    DeferredRuntimeInfoHook,
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
    "DeferredRuntimeInfoHook",
    "FastInferenceHook",
    "OptimWrapper",
    "ResultsHook",
    "SkeletonSheetHook",
    "StackSheetHook",
    "TF32Hook",
    "TrainingCurvesHook",
]
