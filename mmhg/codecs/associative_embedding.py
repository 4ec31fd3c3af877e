"""MMPose's `AssociativeEmbedding` codec. In MMPose 1.3.2 it hands on too little for training."""

from typing import ClassVar

from mmpose.codecs import AssociativeEmbedding
from mmpose.registry import KEYPOINT_CODECS


@KEYPOINT_CODECS.register_module()
class TrainableAssociativeEmbedding(AssociativeEmbedding):
    """Hand the keypoint indices on to the head.

    Without the table `PackPoseInputs` drops what the tag loss needs.
    """

    label_mapping_table: ClassVar[dict[str, str]] = dict(keypoint_indices="keypoint_indices")
