"""The network, its backbone and head, its equivalent and fast forms, and multi-scale testing."""

from mmhg.models.associative_embedding import TrainableAssociativeEmbeddingHead
from mmhg.models.backbone import HourglassBackbone
from mmhg.models.fast_inference import FastHourglass, sped_up, speed_up
from mmhg.models.head import MultiStageHeatmapHead
from mmhg.models.multi_scale import MultiScaleTopdownPoseEstimator
from mmhg.nn.fold_reinjection import fold_model_config, fold_reinjection
from mmhg.nn.fuse_conv_bn import fuse_conv_bn

__all__ = [
    "FastHourglass",
    "HourglassBackbone",
    "MultiScaleTopdownPoseEstimator",
    "MultiStageHeatmapHead",
    "TrainableAssociativeEmbeddingHead",
    "fold_model_config",
    "fold_reinjection",
    "fuse_conv_bn",
    "sped_up",
    "speed_up",
]
