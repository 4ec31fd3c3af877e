"""Scores of predicted poses."""

from mmhg.evaluation.dump_keypoints import DumpKeypoints
from mmhg.evaluation.pckh import (
    PCKhScores,
    accuracies,
    area_under_curve,
    group_curves,
    normalized_distances,
    score,
    score_all,
    score_by_visibility,
)
from mmhg.evaluation.pckh_metric import PCKhMetric
from mmhg.evaluation.pcp_metric import PCPMetric
from mmhg.evaluation.presence import PrecisionRecall, precision_recall, presence_scores
from mmhg.evaluation.presence_metric import JointPresenceMetric
from mmhg.evaluation.protocols import PROTOCOLS, PCKhProtocol
from mmhg.evaluation.torso_pck_metric import TorsoPCKMetric

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
    "normalized_distances",
    "precision_recall",
    "presence_scores",
    "score",
    "score_all",
    "score_by_visibility",
]
