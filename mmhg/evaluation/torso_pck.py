"""PCK in torso sizes, as FLIC and LSP are scored, as numpy functions.

A joint is correct when its prediction lies within a fraction (0.2) of the person's torso size of
the annotation. Definitions follow bearpaw's `eval_pose` (`eval_pck.m`): a distance equal to the
threshold is correct, a pair of joints scores the mean of both sides, neck and head top together are
the head, and the total is pooled over all joints. Joints without annotation, which FLIC and LSP do
not have in their test people, are left out.

Shapes: P people, K joints of the dataset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.pckh import accuracies, area_under_curve, normalized_distances
from mmhg.evaluation.scores import PartScore, PoseScores

THRESHOLD = 0.2
"""Torso sizes."""

_CURVE_POINTS = 21
"""Thresholds of the area under the curve: 0, 0.01, ..., 0.2 (`eval_pck.m`)."""

_HEAD = ("neck", "head_top")


def torso_distances(
    predictions: np.ndarray,
    ground_truth: np.ndarray,
    torso_sizes: np.ndarray,
    annotated: np.ndarray,
    person_names: Sequence[str] | None = None,
) -> np.ndarray:
    """Measure distances from the annotations in torso sizes.

    Args:
        predictions: (P, K, 2) px, with the same origin as `ground_truth`.
        ground_truth: (P, K, 2) px.
        torso_sizes: (P,) px.
        annotated: (P, K) bool.
        person_names: Names of the P people in errors, beside their index.

    Returns:
        (P, K) float64, NaN where a joint is not annotated.

    Raises:
        InputError: Shapes disagree; or a person with an annotated joint has a torso size that is
            not positive and finite, or a coordinate of an annotated joint is not finite.
    """
    return normalized_distances(
        predictions, ground_truth, torso_sizes, annotated, person_names, "torso size"
    )


def score_torso_pck(
    distances: np.ndarray,
    joint_names: Sequence[str],
    side_convention: str,
    threshold: float = THRESHOLD,
) -> PoseScores:
    """Compute `PCK@<threshold>` of all joints pooled, `AUC` up to it, and groups of joints.

    Args:
        distances: (P, K), as `torso_distances` gives.
        joint_names: The K joints' names, in the dataset's order; `left_x` and `right_x` make a
            group X, neck and head top the group Head, and any other joint its own.
        side_convention: Meaning of left and right, for the report.
        threshold: Torso sizes, inclusive.

    Raises:
        InputError: `joint_names` has another length than K.
    """
    if distances.ndim != 2 or distances.shape[1] != len(joint_names):
        raise InputError(
            f"distances must have shape (P, {len(joint_names)}) for these joint names, got "
            f"{distances.shape}"
        )
    joints = {
        name: PartScore(
            int(np.isfinite(distances[:, k]).sum()),
            (float(accuracies(distances[:, k], [threshold])[0]),),
        )
        for k, name in enumerate(joint_names)
    }
    curve = accuracies(distances, threshold * np.arange(_CURVE_POINTS) / (_CURVE_POINTS - 1))
    summary = {
        f"PCK@{threshold:g}": float(accuracies(distances, [threshold])[0]),
        "AUC": area_under_curve(curve),
        **{
            group: float(np.mean([joints[name].correct[0] for name in names]))
            for group, names in joint_groups(joint_names).items()
        },
    }
    return PoseScores(
        measure=f"PCK@{threshold:g} of the torso",
        convention=side_convention,
        people=len(distances),
        summary=summary,
        parts=joints,
    )


def joint_groups(joint_names: Sequence[str]) -> dict[str, list[str]]:
    """List the joints of each group, by its name, in the order of their first joints."""
    groups: dict[str, list[str]] = {}
    for name in joint_names:
        group = name.removeprefix("left_").removeprefix("right_")
        if name in _HEAD and set(_HEAD) <= set(joint_names):
            group = "head"
        groups.setdefault(group.replace("_", " ").capitalize(), []).append(name)
    return groups
