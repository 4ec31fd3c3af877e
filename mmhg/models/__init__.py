"""The paper's network, backbone and head; multi-scale testing; associative embeddings."""

from mmhg.models.associative_embedding import TrainableAssociativeEmbeddingHead
from mmhg.models.backbone import HourglassBackbone
from mmhg.models.head import MultiStageHeatmapHead
from mmhg.models.multi_scale import MultiScaleTopdownPoseEstimator

__all__ = [
    "HourglassBackbone",
    "MultiScaleTopdownPoseEstimator",
    "MultiStageHeatmapHead",
    "TrainableAssociativeEmbeddingHead",
]
