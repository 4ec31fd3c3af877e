"""Scores of predicted keypoints: PCKh, PCK, PCP, errors, NME, SDR, OKS, calibration, presence."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.evaluation.calibration import Reliability, reliability, score_calibration
from mmhg.evaluation.coco_metric import CocoPersonMetric
from mmhg.evaluation.dump_keypoints import DumpKeypoints
from mmhg.evaluation.keypoint_error import lengths, offsets, score_error
from mmhg.evaluation.keypoint_scores import KeypointScores
from mmhg.evaluation.metrics import PCKhMetric, PCPMetric, TorsoPCKMetric
from mmhg.evaluation.normalized_error import score_nme
from mmhg.evaluation.normalizers import normalizing_lengths
from mmhg.evaluation.oks import (
    object_similarities,
    sigmas_of_labels,
    sigmas_of_residuals,
    similarities,
)
from mmhg.evaluation.pckh import (
    accuracies,
    area_under_curve,
    group_curves,
    normalized_distances,
    score_all,
    score_by_visibility,
    score_pckh,
)
from mmhg.evaluation.point_metrics import (
    CalibrationMetric,
    KeypointErrorMetric,
    NMEMetric,
    SDRMetric,
)
from mmhg.evaluation.presence import PrecisionRecall, precision_recall, presence_scores
from mmhg.evaluation.presence_metric import JointPresenceMetric
from mmhg.evaluation.protocols import PROTOCOLS, PCKhProtocol
from mmhg.evaluation.scores import PoseScores
from mmhg.evaluation.success_rate import score_success

__all__ = [
    "PROTOCOLS",
    "CalibrationMetric",
    "CocoPersonMetric",
    "DumpKeypoints",
    "JointPresenceMetric",
    "KeypointErrorMetric",
    "KeypointScores",
    "NMEMetric",
    "PCKhMetric",
    "PCKhProtocol",
    "PCPMetric",
    "PoseScores",
    "PrecisionRecall",
    "Reliability",
    "SDRMetric",
    "TorsoPCKMetric",
    "accuracies",
    "area_under_curve",
    "group_curves",
    "lengths",
    "normalized_distances",
    "normalizing_lengths",
    "object_similarities",
    "offsets",
    "precision_recall",
    "presence_scores",
    "reliability",
    "score_all",
    "score_by_visibility",
    "score_calibration",
    "score_error",
    "score_nme",
    "score_pckh",
    "score_success",
    "sigmas_of_labels",
    "sigmas_of_residuals",
    "similarities",
]
