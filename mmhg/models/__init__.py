"""The network as MMPose's backbone, head and pose estimator.

`mmhg.nn` has the network itself and its fast forms.
"""

import mmhg.compat.requires_openmmlab
import mmhg.models.checkpoint_schemes  # noqa: F401
from mmhg.models.associative_embedding import TrainableAssociativeEmbeddingHead
from mmhg.models.backbone import HourglassBackbone
from mmhg.models.focal_loss import FocalHeatmapLossWithLogits
from mmhg.models.head import MultiStageHeatmapHead
from mmhg.models.local_supervision import LocalTopdownPoseEstimator
from mmhg.models.multi_scale import MultiScaleTopdownPoseEstimator

__all__ = [
    "FocalHeatmapLossWithLogits",
    "HourglassBackbone",
    "LocalTopdownPoseEstimator",
    "MultiScaleTopdownPoseEstimator",
    "MultiStageHeatmapHead",
    "TrainableAssociativeEmbeddingHead",
]
