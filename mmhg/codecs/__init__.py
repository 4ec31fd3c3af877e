"""Codecs: the authors', how a config takes another one, and one that MMPose cannot train with."""

from mmhg.codecs.associative_embedding import TrainableAssociativeEmbedding
from mmhg.codecs.batch_heatmap import BatchMSRAHeatmap, BatchUDPHeatmap
from mmhg.codecs.hourglass_heatmap import HourglassHeatmap
from mmhg.codecs.with_codec import with_codec

__all__ = [
    "BatchMSRAHeatmap",
    "BatchUDPHeatmap",
    "HourglassHeatmap",
    "TrainableAssociativeEmbedding",
    "with_codec",
]
