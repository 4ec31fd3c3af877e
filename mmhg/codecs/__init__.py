"""Codecs: how a config takes another one, and one that MMPose cannot train with."""

from mmhg.codecs.associative_embedding import TrainableAssociativeEmbedding
from mmhg.codecs.with_codec import with_codec

__all__ = ["TrainableAssociativeEmbedding", "with_codec"]
