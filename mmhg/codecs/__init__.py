"""Codecs: the authors', how a config takes another one, and one that MMPose cannot train with."""

from mmhg.codecs.associative_embedding import TrainableAssociativeEmbedding
from mmhg.codecs.hourglass_heatmap import HourglassHeatmap
from mmhg.codecs.with_codec import with_codec

__all__ = ["HourglassHeatmap", "TrainableAssociativeEmbedding", "with_codec"]
