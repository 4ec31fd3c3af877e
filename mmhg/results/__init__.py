"""Results: files of predictions and ground truth, tables, submissions, published results."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.results.ground_truth_files import GroundTruth, read_ground_truth
from mmhg.results.prediction_files import Predictions, read_predictions
from mmhg.results.published import Result, read_published

__all__ = [
    "GroundTruth",
    "Predictions",
    "Result",
    "read_ground_truth",
    "read_predictions",
    "read_published",
]
