"""Give metrics the annotations as predictions: the best score they can give."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from copy import copy
from io import StringIO
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric, DumpResults
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmpose.evaluation.metrics import (
    AUC,
    EPE,
    NME,
    CocoMetric,
    JhmdbPCKAccuracy,
    MpiiPCKAccuracy,
    PCKAccuracy,
)
from mmpose.structures import PoseDataSample

from mmhg.engine.preflight.coco import coco_trial
from mmhg.errors import InputError
from mmhg.evaluation.coco_metric import CocoPersonMetric
from mmhg.evaluation.person_metric import KeypointMetric, UniquePersonMetric

Scores = dict[str, float]

_ROUNDING = 1e-6
"""Relative; MMPose computes some scores in single precision."""

_FULL: dict[type, Callable[[Any], float]] = {
    CocoMetric: lambda metric: 1.0,
    CocoPersonMetric: lambda metric: 1.0,
    PCKAccuracy: lambda metric: 1.0,
    JhmdbPCKAccuracy: lambda metric: 1.0,
    MpiiPCKAccuracy: lambda metric: 100.0,
    # Of its thresholds 0, 1 / n, ..., the first is never reached.
    AUC: lambda metric: (metric.num_thrs - 1) / metric.num_thrs,
    EPE: lambda metric: 0.0,
    NME: lambda metric: 0.0,
}
"""MMPose's metrics of keypoints in two dimensions, and ours of COCO's AP."""


def full_score(metric: BaseMetric) -> float | None:
    """Return what a metric gives perfect predictions, None if that is not known."""
    if isinstance(metric, KeypointMetric):
        return metric.full_score
    known = _FULL.get(type(metric))
    return known(metric) if known and not getattr(metric, "format_only", False) else None


def writes_or_needs_more(metric: BaseMetric) -> bool:
    """Tell if a metric writes files, or scores something else than keypoints."""
    other = isinstance(metric, UniquePersonMetric) and not isinstance(metric, KeypointMetric)
    return other or isinstance(metric, DumpResults) or getattr(metric, "format_only", False)


def in_two_dimensions(sample: Any) -> bool:
    """Tell if a sample has keypoints (N, K, 2) of people, or is an image of nobody."""
    if not isinstance(sample, PoseDataSample) or "gt_instances" not in sample:
        return False
    truth = sample.gt_instances
    if "keypoints" not in truth:
        return "keypoints_visible" not in truth and "lifting_target" not in truth
    return "keypoints_visible" in truth and np.shape(truth.keypoints)[2:] == (2,)


def predict_annotations(samples: Sequence[PoseDataSample]) -> None:
    """Set each sample's `pred_instances` to its annotated people."""
    for sample in samples:
        truth = sample.gt_instances
        if "keypoints" not in truth:  # an image of nobody
            sample.pred_instances = InstanceData(
                keypoints=np.zeros((0, 1, 2)), keypoint_scores=np.zeros((0, 1))
            )
            continue
        flags = np.asarray(truth.keypoints_visible)
        flags = flags[..., 0] if flags.ndim == 3 else flags
        # One person per sample stays, for metrics of one prediction per sample.
        people = (flags > 0).any(axis=1) | (len(flags) == 1)
        predicted = InstanceData(
            keypoints=np.array(truth.keypoints, dtype=np.float64)[people],
            keypoint_scores=(flags > 0).astype(np.float64)[people],
        )
        for name in ("bboxes", "bbox_scores"):
            if name in truth:
                setattr(predicted, name, np.asarray(truth[name])[people])
        sample.pred_instances = predicted


def trial(metric: BaseMetric, samples: Sequence[PoseDataSample]) -> BaseMetric:
    """Copy a metric, without results, so that it can score `samples` and be thrown away."""
    copied = coco_trial(metric, samples) if isinstance(metric, CocoMetric) else copy(metric)
    copied.results = []
    return copied


def add(metric: BaseMetric, samples: Sequence[PoseDataSample]) -> None:
    """Let a metric process predictions."""
    with _explained(metric, "process"):
        shifted = [_as_it_expects(metric, sample.to_dict()) for sample in samples]
        metric.process({}, shifted)


def compute(metric: BaseMetric) -> Scores:
    """Compute a metric of what it has processed in this process, without printing."""
    logger = MMLogger.get_current_instance()

    def is_warning(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    logger.addFilter(is_warning)
    try:
        with _explained(metric, "compute"), redirect_stdout(StringIO()):
            scores = metric.compute_metrics(metric.results)
    finally:
        logger.removeFilter(is_warning)
    prefix = f"{metric.prefix}/" if metric.prefix else ""
    return {f"{prefix}{name}": float(score) for name, score in scores.items()}


def check_full(metric: BaseMetric, scores: Scores, advice: str) -> None:
    """Raise InputError unless every defined score of perfect predictions is the full one."""
    name = type(metric).__name__
    if not any(map(is_defined, scores.values())):
        raise InputError(
            f"{name} has nothing to score: no joint of the validation people is annotated that "
            f"{', '.join(scores)} count"
        )
    for key, score in below_full(metric, scores).items():
        raise InputError(
            f"{name} gives the validation annotations themselves {key} {score:.6g}, not "
            f"{full_score(metric):g}: no network could reach it. {advice}"
        )


def below_full(metric: BaseMetric, scores: Scores) -> Scores:
    """Return the defined scores that are not what the metric gives perfect predictions."""
    full = full_score(metric)
    assert full is not None
    return {
        key: score
        for key, score in scores.items()
        if is_defined(score) and not math.isclose(score, full, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    }


def is_defined(score: float) -> bool:
    """Tell if anything counted in a score: else it is NaN, or -1 as in COCO's."""
    return not math.isnan(score) and score != -1


def _as_it_expects(metric: BaseMetric, sample: dict) -> dict:
    """Take a pixel off for MMPose's PCKh, which adds one to predictions."""
    if isinstance(metric, MpiiPCKAccuracy):
        predicted = dict(sample["pred_instances"])
        predicted["keypoints"] = np.asarray(predicted["keypoints"]) - 1.0
        sample = {**sample, "pred_instances": predicted}
    return sample


@contextmanager
def _explained(metric: BaseMetric, step: str) -> Iterator[None]:
    """Turn an error of a metric that lacks something into one for the user."""
    try:
        yield
    except InputError:
        raise
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(
            f"{type(metric).__name__} cannot score the validation people ({step}): {reason}. Set "
            "val_evaluator to a metric that the dataset serves; --no-preflight shows where it "
            "fails at the first validation"
        ) from error
