"""Scores of predicted poses."""

from .dump_keypoints import DumpKeypoints
from .pckh import (
    PCKhScores,
    accuracies,
    area_under_curve,
    group_curves,
    head_sizes_from_boxes,
    normalized_distances,
    score,
    score_all,
    score_by_visibility,
)
from .pckh_metric import PCKhMetric
from .pcp_metric import PCPMetric
from .presence import PrecisionRecall, precision_recall, presence_scores
from .presence_metric import JointPresenceMetric
from .protocols import PROTOCOLS, PCKhProtocol
from .torso_pck_metric import TorsoPCKMetric

__all__ = [
    "PROTOCOLS",
    "DumpKeypoints",
    "JointPresenceMetric",
    "PCKhMetric",
    "PCKhProtocol",
    "PCKhScores",
    "PCPMetric",
    "PrecisionRecall",
    "TorsoPCKMetric",
    "accuracies",
    "area_under_curve",
    "group_curves",
    "head_sizes_from_boxes",
    "normalized_distances",
    "precision_recall",
    "presence_scores",
    "score",
    "score_all",
    "score_by_visibility",
]
