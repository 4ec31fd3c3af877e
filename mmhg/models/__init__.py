"""The paper's network: backbone and head."""

from mmhg.models.backbone import HourglassBackbone
from mmhg.models.head import MultiStageHeatmapHead

__all__ = ["HourglassBackbone", "MultiStageHeatmapHead"]
