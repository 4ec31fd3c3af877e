"""Hooks for mmengine's Runner."""

from mmhg.engine.hooks.channels_last import ChannelsLastHook
from mmhg.engine.hooks.checkpoint_match import CheckpointMatchHook
from mmhg.engine.hooks.results import ResultsHook
from mmhg.engine.hooks.skeleton_sheet import SkeletonSheetHook
from mmhg.engine.hooks.training_curves import TrainingCurvesHook

__all__ = [
    "ChannelsLastHook",
    "CheckpointMatchHook",
    "ResultsHook",
    "SkeletonSheetHook",
    "TrainingCurvesHook",
]
