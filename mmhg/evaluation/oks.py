"""Object keypoint similarity (OKS), and its sigmas from objects that were labeled twice.

COCO's similarity of a keypoint is `exp(-d² / (2 s² k²))` with its distance d in px, `k = 2 sigma`,
and the object's area s² (https://cocodataset.org/#keypoints-eval). A sigma says how far people's
own labels of the keypoint scatter, in square roots of the area.

Shapes: P objects, K keypoints.
"""

from __future__ import annotations

import numpy as np

from mmhg.errors import InputError

COCO_SIGMAS = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
}
"""Of COCO's 17 keypoints, without their sides."""

_USUAL = float(np.exp(np.mean(np.log([*COCO_SIGMAS.values(), *list(COCO_SIGMAS.values())[1:]]))))
"""Geometric mean of COCO's 17: 0.060."""

FEWEST_PAIRS = 5
"""Objects from which a sigma is estimated."""


def similarities(distances: np.ndarray, areas: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Compute the similarity of each keypoint.

    Args:
        distances: (P, K) px, NaN where not labeled, infinity where missed.
        areas: (P,) square px.
        sigmas: (K,).

    Returns:
        (P, K) between 0 (missed) and 1, NaN where not labeled.
    """
    with np.errstate(over="ignore"):
        return np.exp(-(distances**2) / (8 * areas[:, None] * sigmas**2))


def object_similarities(of_keypoints: np.ndarray) -> np.ndarray:
    """Average each object's labeled keypoints (P, K): (P,), NaN without any."""
    labeled = ~np.isnan(of_keypoints)
    with np.errstate(invalid="ignore"):
        return np.where(labeled, of_keypoints, 0.0).sum(axis=1) / labeled.sum(axis=1)


def sigmas_of_labels(distances: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Estimate sigmas from two people's labels of the same objects.

    COCO's definition is `sigma² = E[d² / s²]`, d the distance of two labels. Single labels of
    something else (left for right) would rule the mean, so that it is taken from the median: where
    labels scatter alike in x and y, by a normal distribution, the mean of d² is the median over the
    logarithm of 2.

    Args:
        distances: (P, K) px between the labels, NaN where one of them is missing.
        areas: (P,) square px.

    Returns:
        (K,), NaN for a keypoint that less than `FEWEST_PAIRS` objects have labeled twice.

    Raises:
        InputError: An area is not positive.
    """
    check_areas(distances, areas)
    squared = distances**2 / areas[:, None]
    return np.array([_from_median(column[np.isfinite(column)]) for column in squared.T])


def sigmas_of_residuals(distances: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Estimate how sigmas differ among keypoints, where nothing was labeled twice.

    Residuals of predictions hold the scatter of the labels and the network's own error, which one
    set of labels cannot tell apart. So only their ratios are taken from the data; the geometric
    mean is set to that of COCO's sigmas. A network must not choose how hard it is judged: with
    sigmas as large as its own errors any network would have the same OKS.

    Args:
        distances: (P, K) px of predictions from labels, NaN where not labeled; of several networks
            one after another, which then are all measured by the same sigmas.
        areas: (P,) square px.

    Returns:
        (K,); keypoints with less than `FEWEST_PAIRS` distances get the mean.

    Raises:
        InputError: An area is not positive.
    """
    found = sigmas_of_labels(distances, areas)
    known = np.isfinite(found) & (found > 0)
    ratios = np.ones(len(found))
    if known.any():
        ratios[known] = found[known] / np.exp(np.log(found[known]).mean())
    return _USUAL * ratios


def coco_sigma(name: str) -> float | None:
    """Return COCO's sigma of a keypoint that is called as in COCO, None for others."""
    return COCO_SIGMAS.get(name.removeprefix("left_").removeprefix("right_"))


def check_areas(distances: np.ndarray, areas: np.ndarray) -> None:
    """Raise InputError unless every object with a distance has a positive area."""
    needed = np.isfinite(distances).any(axis=1)
    if not (np.isfinite(areas) & (areas > 0))[needed].all():
        raise InputError(f"OKS needs areas above 0, got {areas[needed].min():g}")


def _from_median(squared: np.ndarray) -> float:
    if len(squared) < FEWEST_PAIRS:
        return float("nan")
    return float(np.sqrt(np.median(squared) / np.log(2)))
