"""Distances of predicted keypoints from their labels, as numpy functions.

A keypoint without label has the distance NaN, and counts nowhere. One that has a label but no
prediction has the distance infinity: it is counted as missed, is left out of means and
percentiles, and is wrong at every threshold.

Shapes: P people, K keypoints, T thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.keypoint_scores import KeypointScores, by_name

PERCENTILE = 95


def offsets(predictions: np.ndarray, ground_truth: np.ndarray, annotated: np.ndarray) -> np.ndarray:
    """Subtract the labels from the predictions.

    Args:
        predictions: (P, K, 2) px, with the same origin as `ground_truth`; NaN or infinite where
            nothing was predicted.
        ground_truth: (P, K, 2) px.
        annotated: (P, K) bool.

    Returns:
        (P, K, 2) float64 px, NaN where not annotated, infinity where missed.

    Raises:
        InputError: Shapes disagree, or a label is not finite.
    """
    predictions = np.asarray(predictions, dtype=np.float64)
    ground_truth = np.asarray(ground_truth, dtype=np.float64)
    annotated = np.asarray(annotated, dtype=bool)
    if ground_truth.ndim != 3 or ground_truth.shape[2] != 2:
        raise InputError(f"ground_truth must have shape (P, K, 2), got {ground_truth.shape}")
    for name, array, expected in (
        ("predictions", predictions, ground_truth.shape),
        ("annotated", annotated, ground_truth.shape[:2]),
    ):
        if array.shape != expected:
            raise InputError(f"{name} must have shape {expected}, got {array.shape}")
    if not np.isfinite(ground_truth[annotated]).all():
        person, keypoint = np.argwhere(~np.isfinite(ground_truth).all(axis=2) & annotated)[0]
        raise InputError(f"the label of keypoint {keypoint} of person {person} is not finite")
    missed = ~np.isfinite(predictions).all(axis=2)
    found = np.where(missed[..., None], 0.0, predictions) - np.where(
        annotated[..., None], ground_truth, 0.0
    )
    found[missed] = np.inf
    found[~annotated] = np.nan
    return found


def lengths(offsets: np.ndarray) -> np.ndarray:
    """Return the lengths (P, K) of offsets (P, K, 2), NaN and infinity as they are."""
    return np.hypot(offsets[..., 0], offsets[..., 1])


def score_error(
    offsets: np.ndarray,
    keypoint_names: Sequence[str],
    pixel_size: float | np.ndarray | None = None,
    unit: str = "mm",
) -> KeypointScores:
    """Compute mean, median, RMSE and 95th percentile of the distances, of all and each keypoint.

    Also the mean offset to the right (`x`) and downwards (`y`), which tells a shift, such as that
    of pixels counted from 1, from scatter. Percentiles are interpolated, as numpy's.

    Args:
        offsets: (P, K, 2) px, of the function of that name.
        keypoint_names: The K keypoints' names.
        pixel_size: Units per px: one number, or (P,). None leaves px.
        unit: Name of the unit.

    Raises:
        InputError: A pixel size is not positive and finite, or there are not K names.
    """
    check_names(offsets, keypoint_names)
    sizes = pixel_sizes(pixel_size, len(offsets))
    unit = "px" if pixel_size is None else unit
    scaled = offsets * sizes[:, None, None]
    distances = lengths(scaled)
    columns: dict[str, list[float]] = {
        name: []
        for name in ("labeled", "missed", "mean", "median", "RMSE", f"{PERCENTILE} %", "x", "y")
    }
    for k in range(len(keypoint_names)):
        columns["labeled"].append(int((~np.isnan(distances[:, k])).sum()))
        columns["missed"].append(int(np.isinf(distances[:, k]).sum()))
        for name, number in _summary(distances[:, k]).items():
            columns[name].append(number)
        for axis, name in enumerate("xy"):
            columns[name].append(_mean(scaled[:, k, axis]))
    total = _summary(distances)
    return KeypointScores(
        measure=f"error in {unit}",
        people=len(offsets),
        summary={
            f"mean_{unit}": total["mean"],
            f"median_{unit}": total["median"],
            f"RMSE_{unit}": total["RMSE"],
            f"p{PERCENTILE}_{unit}": total[f"{PERCENTILE} %"],
        },
        keypoints=by_name(keypoint_names, columns),
        main="mean",
        further={"missed": int(np.isinf(distances).sum())},
    )


def check_names(array: np.ndarray, keypoint_names: Sequence[str]) -> None:
    """Raise InputError unless an array (P, K, ...) has as many keypoints as there are names."""
    if array.ndim < 2 or array.shape[1] != len(keypoint_names):
        raise InputError(
            f"distances must be of {len(keypoint_names)} keypoints for these names, got shape "
            f"{array.shape}"
        )


def pixel_sizes(pixel_size: float | np.ndarray | None, people: int) -> np.ndarray:
    """Return units per px of each person, (P,), 1 if there is none.

    Raises:
        InputError: A pixel size is not positive and finite, or there is another number of them.
    """
    sizes = np.asarray(1.0 if pixel_size is None else pixel_size, dtype=np.float64)
    if sizes.ndim > 1 or (sizes.ndim == 1 and len(sizes) != people):
        raise InputError(f"pixel_size must be one number, or ({people},), got {sizes.shape}")
    if not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InputError(f"pixel_size must be a positive number of units per px, got {pixel_size}")
    return np.broadcast_to(sizes, (people,))


def _summary(distances: np.ndarray) -> dict[str, float]:
    found = distances[np.isfinite(distances)]
    if not found.size:
        return dict.fromkeys(("mean", "median", "RMSE", f"{PERCENTILE} %"), float("nan"))
    return {
        "mean": float(found.mean()),
        "median": float(np.median(found)),
        "RMSE": float(np.sqrt(np.mean(found**2))),
        f"{PERCENTILE} %": float(np.percentile(found, PERCENTILE)),
    }


def _mean(values: np.ndarray) -> float:
    found = values[np.isfinite(values)]
    return float(found.mean()) if found.size else float("nan")
