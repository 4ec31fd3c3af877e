"""Calibration of confidences: is a keypoint of confidence 0.8 right four times in five?

Shapes: N keypoints, B bins, P people, K keypoints of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.keypoint_error import check_names
from mmhg.evaluation.keypoint_scores import KeypointScores, by_name

BINS = 10


class Reliability(NamedTuple):
    """Confidences in equal bins; the outer ones also have those below 0 and above 1.

    Attributes:
        edges: (B + 1,) from 0 to 1.
        counts: (B,) number of keypoints.
        confidences: (B,) their mean confidence, NaN in an empty bin.
        right: (B,) their share that is right, NaN in an empty bin.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidences: np.ndarray
    right: np.ndarray

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean of |confidence - share|, in percent."""
        if not self.counts.sum():
            return float("nan")
        gaps = np.abs(self.confidences - self.right)
        filled = self.counts > 0
        return 100.0 * float(np.average(gaps[filled], weights=self.counts[filled]))


def reliability(confidences: np.ndarray, right: np.ndarray, bins: int = BINS) -> Reliability:
    """Compare confidences with how often they are right.

    Args:
        confidences: (N,). Heatmap maxima may lie somewhat outside of 0..1; they go to the outer
            bins with the value they have.
        right: (N,) bool.
        bins: Number of bins.

    Raises:
        InputError: Shapes disagree, a confidence is not finite, or there is no bin.
    """
    confidences, right = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=bool)
    if confidences.ndim != 1 or confidences.shape != right.shape:
        raise InputError(
            f"confidences and right must have one shape (N,), got {confidences.shape} and "
            f"{right.shape}"
        )
    if not np.isfinite(confidences).all():
        raise InputError("confidences must be finite")
    if bins < 1:
        raise InputError(f"bins must be at least 1, got {bins}")
    # A rounding error must not take 0.3 into the bin that ends there.
    numbers = np.clip(np.floor(confidences * bins + 1e-9), 0, bins - 1).astype(int)
    counts = np.bincount(numbers, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(numbers, weights=confidences, minlength=bins) / counts
        share = np.bincount(numbers, weights=right, minlength=bins) / counts
    return Reliability(np.linspace(0, 1, bins + 1), counts, mean, share)


def score_calibration(
    confidences: np.ndarray,
    distances: np.ndarray,
    keypoint_names: Sequence[str],
    threshold: float,
    unit: str,
    bins: int = BINS,
) -> tuple[KeypointScores, Reliability]:
    """Score the calibration of labeled keypoints, of all and of each.

    Args:
        confidences: (P, K), NaN where there is no prediction, which has none.
        distances: (P, K), NaN where not labeled.
        keypoint_names: The K keypoints' names.
        threshold: Distance up to which a keypoint is right.
        unit: What distances are measured in, for the report.
        bins: Number of bins.

    Returns:
        Scores in percent: `ECE`, and as further ones `confidence` and `right`, the means of all.
        And the bins.

    Raises:
        InputError: Arrays disagree, the threshold is not positive, or no labeled keypoint has a
            confidence.
    """
    check_names(distances, keypoint_names)
    if confidences.shape != distances.shape:
        raise InputError(f"confidences must have shape {distances.shape}, got {confidences.shape}")
    if not threshold > 0:
        raise InputError(f"calibration: the threshold must be positive, got {threshold}")
    counted = ~np.isnan(distances) & np.isfinite(confidences)
    if not counted.any():
        raise InputError("calibration: no labeled keypoint has a predicted confidence")
    right = distances <= threshold
    curve = reliability(confidences[counted], right[counted], bins)
    columns: dict[str, list[float]] = {
        name: [] for name in ("labeled", "confidence", "right", "ECE")
    }
    for k in range(len(keypoint_names)):
        of_keypoint = counted[:, k]
        columns["labeled"].append(int(of_keypoint.sum()))
        columns["confidence"].append(_percent(confidences[of_keypoint, k]))
        columns["right"].append(_percent(right[of_keypoint, k]))
        columns["ECE"].append(
            reliability(confidences[of_keypoint, k], right[of_keypoint, k], bins).error
        )
    scores = KeypointScores(
        measure=f"calibration in percent, right within {threshold:g} {unit}",
        people=len(distances),
        summary={"ECE": curve.error},
        keypoints=by_name(keypoint_names, columns),
        main="ECE",
        further={
            "confidence": _percent(confidences[counted]),
            "right": _percent(right[counted]),
        },
    )
    return scores, curve


def _percent(values: np.ndarray) -> float:
    return 100.0 * float(values.mean()) if values.size else float("nan")
