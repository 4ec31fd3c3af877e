"""Hooks for mmengine's Runner."""

from mmhg.engine.hooks.channels_last_hook import ChannelsLastHook
from mmhg.engine.hooks.checkpoint_hook import CheckpointHook
from mmhg.engine.hooks.checkpoint_match_hook import CheckpointMatchHook
from mmhg.engine.hooks.divergence_hook import DivergenceHook
from mmhg.engine.hooks.precise_bn_hook import PreciseBNHook
from mmhg.engine.hooks.preflight_hook import PreflightHook
from mmhg.engine.hooks.results_hook import ResultsHook
from mmhg.engine.hooks.sampler_seed_hook import DistSamplerSeedHook
from mmhg.engine.hooks.skeleton_sheet_hook import SkeletonSheetHook
from mmhg.engine.hooks.stack_sheet_hook import StackSheetHook
from mmhg.engine.hooks.training_curves_hook import TrainingCurvesHook

__all__ = [
    "ChannelsLastHook",
    "CheckpointHook",
    "CheckpointMatchHook",
    "DistSamplerSeedHook",
    "DivergenceHook",
    "PreciseBNHook",
    "PreflightHook",
    "ResultsHook",
    "SkeletonSheetHook",
    "StackSheetHook",
    "TrainingCurvesHook",
]
