"""Success detection rate (SDR): the share of keypoints within given distances.

The score of cephalometric X-rays (Wang et al., Medical Image Analysis 2016): 2, 2.5, 3 and 4 mm.

Shapes: P people, K keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.keypoint_error import check_names
from mmhg.evaluation.keypoint_scores import KeypointScores, by_name
from mmhg.evaluation.pckh import accuracies

THRESHOLDS = (2.0, 2.5, 3.0, 4.0)
"""mm."""


def score_success(
    distances: np.ndarray,
    keypoint_names: Sequence[str],
    thresholds: Sequence[float] = THRESHOLDS,
    unit: str = "mm",
    measure: str = "SDR",
) -> KeypointScores:
    """Compute the share of the labeled keypoints within each distance, in percent.

    A distance equal to the threshold is a success; a missed keypoint (infinity) is none.

    Args:
        distances: (P, K) in `unit`, NaN where not labeled.
        keypoint_names: The K keypoints' names.
        thresholds: Distances in `unit`.
        unit: Name of the unit, for the scores' names: `SDR@2mm`.
        measure: What the scores are called.

    Raises:
        InputError: A threshold is not positive, or there are not K names.
    """
    check_names(distances, keypoint_names)
    if not thresholds or not all(threshold > 0 for threshold in thresholds):
        raise InputError(f"{measure}: thresholds must be positive, got {list(thresholds)}")
    names = [f"{measure}@{threshold:g}{unit}" for threshold in thresholds]
    of_each = np.array([accuracies(column, thresholds) for column in distances.T])
    columns: dict[str, Sequence[float]] = {
        "labeled": [int(number) for number in (~np.isnan(distances)).sum(axis=0)]
    }
    columns |= {name: of_each[:, t].tolist() for t, name in enumerate(names)}
    return KeypointScores(
        measure=f"{measure} in percent",
        people=len(distances),
        summary=dict(zip(names, accuracies(distances, thresholds).tolist(), strict=True)),
        keypoints=by_name(keypoint_names, columns),
        main=names[0],
    )
