"""MMPose 1.3.2 decodes associative embeddings; for training its codec hands on too little."""

from typing import ClassVar

from mmpose.codecs import AssociativeEmbedding
from mmpose.registry import KEYPOINT_CODECS


@KEYPOINT_CODECS.register_module()
class TrainableAssociativeEmbedding(AssociativeEmbedding):
    """``AssociativeEmbedding`` whose keypoint indices reach the head.

    Without the table ``PackPoseInputs`` drops what the tag loss needs.
    """

    label_mapping_table: ClassVar[dict[str, str]] = dict(keypoint_indices="keypoint_indices")
