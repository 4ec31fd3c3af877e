"""Scores of predicted poses."""

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
from .protocols import PROTOCOLS, PCKhProtocol

__all__ = [
    "PROTOCOLS",
    "PCKhMetric",
    "PCKhProtocol",
    "PCKhScores",
    "accuracies",
    "area_under_curve",
    "group_curves",
    "head_sizes_from_boxes",
    "normalized_distances",
    "score",
    "score_all",
    "score_by_visibility",
]
