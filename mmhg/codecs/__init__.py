"""Keypoint codecs: the authors' `HourglassHeatmap`, and MMPose's where they need a change."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.codecs.associative_embedding import TrainableAssociativeEmbedding
from mmhg.codecs.batch_msra_heatmap import BatchMSRAHeatmap
from mmhg.codecs.hourglass_heatmap import HourglassHeatmap

__all__ = ["BatchMSRAHeatmap", "HourglassHeatmap", "TrainableAssociativeEmbedding"]
