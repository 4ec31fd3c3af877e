"""The paper's network, backbone and head, and a head that trains associative embeddings."""

from mmhg.models.associative_embedding import TrainableAssociativeEmbeddingHead
from mmhg.models.backbone import HourglassBackbone
from mmhg.models.head import MultiStageHeatmapHead

__all__ = ["HourglassBackbone", "MultiStageHeatmapHead", "TrainableAssociativeEmbeddingHead"]
