"""Keypoint codecs: the authors' `HourglassHeatmap`, and MMPose's decoding whole batches."""

from mmhg.codecs.associative_embedding import TrainableAssociativeEmbedding
from mmhg.codecs.batch_heatmap import BatchMSRAHeatmap, BatchUDPHeatmap
from mmhg.codecs.hourglass_heatmap import HourglassHeatmap

__all__ = [
    "BatchMSRAHeatmap",
    "BatchUDPHeatmap",
    "HourglassHeatmap",
    "TrainableAssociativeEmbedding",
]
