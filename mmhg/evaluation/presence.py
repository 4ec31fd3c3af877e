"""Tell from its heatmap if a joint is present (paper, section 4.4).

The network learns an all-zero heatmap for a joint without annotation, so that the mean activation
of a heatmap is a score of the joint's presence. On MPII's validation people the paper reports an
area under the precision-recall curve of 92.1 for knees, of which 16.1 % are not annotated, and 96.0
for ankles, of which 28.4 % are not.

Shapes: P people, K joints, H x W px of the heatmaps, N decisions, T thresholds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmhg.errors import InputError


class PrecisionRecall(NamedTuple):
    """A precision-recall curve, from the highest threshold to the lowest.

    Attributes:
        thresholds: (T,) the distinct scores; joints of this score or more count as present.
        precision: (T,) share of the joints counted as present that are present.
        recall: (T,) share of the present joints that are counted as present.
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray

    @property
    def area(self) -> float:
        """Integrate the curve in percent, as the sum of its steps (not interpolated)."""
        steps = np.diff(self.recall, prepend=0.0)
        return 100.0 * float(steps @ self.precision)


def presence_scores(heatmaps: np.ndarray) -> np.ndarray:
    """Average each heatmap: (..., K, H, W) to (..., K) float64."""
    return np.asarray(heatmaps).mean(axis=(-2, -1), dtype=np.float64)


def precision_recall(scores: np.ndarray, present: np.ndarray) -> PrecisionRecall:
    """Compute precision and recall of telling present joints from absent ones by their scores.

    Args:
        scores: (N,), higher for present joints.
        present: (N,) bool.

    Raises:
        InputError: Shapes disagree, a score is not finite, or no joint is present.
    """
    scores, present = np.asarray(scores, dtype=np.float64), np.asarray(present, dtype=bool)
    if scores.ndim != 1 or scores.shape != present.shape:
        raise InputError(
            f"scores and present must be of one shape (N,), got {scores.shape} and {present.shape}"
        )
    if not np.isfinite(scores).all():
        raise InputError("presence scores must be finite, but the heatmaps are not")
    if not present.any():
        raise InputError(f"none of {len(present)} joints is present: precision has no meaning")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(present[order])
    last_of_equals = np.append(np.diff(scores[order]) != 0, True)
    taken = np.flatnonzero(last_of_equals) + 1
    found = hits[last_of_equals]
    return PrecisionRecall(scores[order][last_of_equals], found / taken, found / present.sum())
