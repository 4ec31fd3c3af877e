"""Normalized mean error (NME), failure rate and area under the cumulative curve.

The scores of facial landmarks. NME is the mean over all labeled keypoints, as MMPose's `NME`; where
every face has all keypoints it is the mean over faces as well. A face fails if the mean of its own
keypoints exceeds the threshold (0.1 in WFLW, 0.08 in 300-W), or if one was missed. The area is that
under the share of faces within an error, up to the threshold and over it: exact, not sampled.

Shapes: P people, K keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.keypoint_error import check_names
from mmhg.evaluation.keypoint_scores import KeypointScores, by_name

FAILURE = 0.1
"""Lengths of the normalizer."""


def score_nme(
    distances: np.ndarray,
    keypoint_names: Sequence[str],
    normalizer: str,
    threshold: float = FAILURE,
) -> KeypointScores:
    """Compute `NME` and `failure_rate`, and `AUC` as a further score, all in percent.

    Args:
        distances: (P, K) over each person's normalizing length, NaN where not labeled.
        keypoint_names: The K keypoints' names.
        normalizer: What distances were divided by, for the report.
        threshold: Lengths of the normalizer.

    Raises:
        InputError: The threshold is not positive, or there are not K names.
    """
    check_names(distances, keypoint_names)
    if not threshold > 0:
        raise InputError(f"NME: the failure threshold must be positive, got {threshold}")
    percent = 100.0 * distances
    of_each = [_mean(column) for column in percent.T]
    people = person_errors(distances)
    known = people[~np.isnan(people)]
    some = bool(known.size)
    return KeypointScores(
        measure=f"NME in percent of {normalizer}",
        people=len(distances),
        summary={
            "NME": _mean(percent),
            "failure_rate": 100.0 * float(np.mean(known > threshold)) if some else float("nan"),
        },
        keypoints=by_name(
            keypoint_names,
            {
                "labeled": [int(number) for number in (~np.isnan(distances)).sum(axis=0)],
                "NME": of_each,
            },
        ),
        main="NME",
        further={
            f"AUC@{threshold:g}": 100.0 * float(np.clip(1 - known / threshold, 0, None).mean())
            if some
            else float("nan")
        },
    )


def person_errors(distances: np.ndarray) -> np.ndarray:
    """Average each person's labeled keypoints: (P,); NaN without any, infinity if one is missed."""
    labeled = ~np.isnan(distances)
    count = labeled.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(labeled, distances, 0.0).sum(axis=1) / count


def _mean(values: np.ndarray) -> float:
    found = values[np.isfinite(values)]
    return float(found.mean()) if found.size else float("nan")
