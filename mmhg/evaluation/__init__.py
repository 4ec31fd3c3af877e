"""Scores of predicted poses: PCKh, PCK, PCP, presence of joints."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.evaluation.coco_metric import CocoPersonMetric
from mmhg.evaluation.dump_keypoints import DumpKeypoints
from mmhg.evaluation.metrics import PCKhMetric, PCPMetric, TorsoPCKMetric
from mmhg.evaluation.pckh import (
    accuracies,
    area_under_curve,
    group_curves,
    normalized_distances,
    score_all,
    score_by_visibility,
    score_pckh,
)
from mmhg.evaluation.presence import PrecisionRecall, precision_recall, presence_scores
from mmhg.evaluation.presence_metric import JointPresenceMetric
from mmhg.evaluation.protocols import PROTOCOLS, PCKhProtocol
from mmhg.evaluation.scores import PoseScores

__all__ = [
    "PROTOCOLS",
    "CocoPersonMetric",
    "DumpKeypoints",
    "JointPresenceMetric",
    "PCKhMetric",
    "PCKhProtocol",
    "PCPMetric",
    "PoseScores",
    "PrecisionRecall",
    "TorsoPCKMetric",
    "accuracies",
    "area_under_curve",
    "group_curves",
    "normalized_distances",
    "precision_recall",
    "presence_scores",
    "score_all",
    "score_by_visibility",
    "score_pckh",
]
