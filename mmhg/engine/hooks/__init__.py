"""Hooks for mmengine's Runner."""

from mmhg.engine.hooks.channels_last import ChannelsLastHook
from mmhg.engine.hooks.checkpoint_match import CheckpointMatchHook
from mmhg.engine.hooks.compile import CompileHook
from mmhg.engine.hooks.fast_inference import FastInferenceHook
from mmhg.engine.hooks.results import ResultsHook
from mmhg.engine.hooks.runtime_info import DeferredRuntimeInfoHook
from mmhg.engine.hooks.skeleton_sheet import SkeletonSheetHook
from mmhg.engine.hooks.stack_sheet import StackSheetHook
from mmhg.engine.hooks.tf32 import TF32Hook
from mmhg.engine.hooks.training_curves import TrainingCurvesHook

__all__ = [
    "ChannelsLastHook",
    "CheckpointMatchHook",
    "CompileHook",
    "DeferredRuntimeInfoHook",
    "FastInferenceHook",
    "ResultsHook",
    "SkeletonSheetHook",
    "StackSheetHook",
    "TF32Hook",
    "TrainingCurvesHook",
]
