"""Extensions of mmengine's Runner: mixed precision, hooks and loops."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.engine.amp import AmpOptimWrapper
from mmhg.engine.hooks import (
    ChannelsLastHook,
    CheckpointHook,
    CheckpointMatchHook,
    DistSamplerSeedHook,
    DivergenceHook,
    PreciseBNHook,
    PreflightHook,
    ResultsHook,
    SkeletonSheetHook,
    StackSheetHook,
    TrainingCurvesHook,
)
from mmhg.engine.loops import FastTestLoop, FastValLoop
from mmhg.engine.resuming import latest_checkpoint, use_in_mmengine
from mmhg.engine.timed_loop import TimedTrainLoop

__all__ = [
    "AmpOptimWrapper",
    "ChannelsLastHook",
    "CheckpointHook",
    "CheckpointMatchHook",
    "DistSamplerSeedHook",
    "DivergenceHook",
    "FastTestLoop",
    "FastValLoop",
    "PreciseBNHook",
    "PreflightHook",
    "ResultsHook",
    "SkeletonSheetHook",
    "StackSheetHook",
    "TimedTrainLoop",
    "TrainingCurvesHook",
    "latest_checkpoint",
]

use_in_mmengine()
