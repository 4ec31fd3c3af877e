"""Strict PCP of LSP, as numpy functions.

A stick (a limb, the torso, the head) is correct when both of its predicted ends lie within half of
its annotated length of the annotated ends. Definitions follow bearpaw's `eval_pose` (`eval_pcp.m`,
`keypoints2sticks.m`): a distance equal to the threshold is correct, a pair of sticks scores the
mean of both sides, and the total is pooled over all sticks. Sticks with an end that is not
annotated are left out. So are sticks whose annotated ends are one point, in whose length nothing
can be measured; bearpaw's code counts them as wrong.

Shapes: P people, K joints of the dataset, S = 10 sticks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.pckh import check_finite
from mmhg.evaluation.scores import PartScore, PoseScores

THRESHOLD = 0.5
"""Lengths of the stick."""

STICKS = {
    "right_lower_leg": (("right_ankle",), ("right_knee",)),
    "right_upper_leg": (("right_knee",), ("right_hip",)),
    "left_upper_leg": (("left_hip",), ("left_knee",)),
    "left_lower_leg": (("left_knee",), ("left_ankle",)),
    "right_lower_arm": (("right_wrist",), ("right_elbow",)),
    "right_upper_arm": (("right_elbow",), ("right_shoulder",)),
    "left_upper_arm": (("left_shoulder",), ("left_elbow",)),
    "left_lower_arm": (("left_elbow",), ("left_wrist",)),
    "head": (("neck",), ("head_top",)),
    "torso": (("right_hip", "left_hip"), ("right_shoulder", "left_shoulder")),
}
"""The joints at each stick's two ends; an end of two joints is the middle between them."""

GROUPS = {
    "Torso": ("torso",),
    "Upper legs": ("right_upper_leg", "left_upper_leg"),
    "Lower legs": ("right_lower_leg", "left_lower_leg"),
    "Upper arms": ("right_upper_arm", "left_upper_arm"),
    "Lower arms": ("right_lower_arm", "left_lower_arm"),
    "Head": ("head",),
}


def correct_sticks(
    predictions: np.ndarray,
    ground_truth: np.ndarray,
    annotated: np.ndarray,
    joint_names: Sequence[str],
    threshold: float = THRESHOLD,
    person_names: Sequence[str] | None = None,
) -> np.ndarray:
    """Find which of `STICKS` are correct.

    Args:
        predictions: (P, K, 2) px, with the same origin as `ground_truth`.
        ground_truth: (P, K, 2) px.
        annotated: (P, K) bool.
        joint_names: The K joints' names, in the dataset's order.
        threshold: Lengths of the stick, inclusive.
        person_names: Names of the P people in errors, beside their index.

    Returns:
        (P, S) float64, 1 correct, 0 not, NaN where an end is not annotated or the stick has no
        length.

    Raises:
        InputError: Shapes disagree, a joint of the sticks has no name, or a coordinate of an
            annotated joint is not finite.
    """
    predictions, ground_truth = np.asarray(predictions), np.asarray(ground_truth)
    annotated = np.asarray(annotated, dtype=bool)
    expected = (len(annotated), len(joint_names), 2)
    for name, points in (("predictions", predictions), ("ground_truth", ground_truth)):
        if points.shape != expected:
            raise InputError(f"{name} must have shape {expected}, got {points.shape}")
        check_finite(name, points, annotated, person_names)
    check_names(joint_names)
    truth = _ends(ground_truth, joint_names)
    lengths = np.linalg.norm(truth[:, :, 0] - truth[:, :, 1], axis=2)
    offsets = np.linalg.norm(_ends(predictions, joint_names) - truth, axis=3).max(axis=2)
    known = np.isfinite(_ends(np.where(annotated[..., None], 0.0, np.nan), joint_names))
    known = known.all(axis=(2, 3)) & (lengths > 0)
    return np.where(known, offsets <= threshold * lengths, np.nan)


def check_names(joint_names: Sequence[str]) -> None:
    """Raise InputError unless all joints of the sticks are among the names."""
    needed = {joint for ends in STICKS.values() for joint in sum(ends, ())}
    if missing := sorted(needed - {*joint_names}):
        raise InputError(
            f"PCP needs joints that the dataset does not name: {', '.join(missing)}. The dataset's "
            f"metainfo has {', '.join(joint_names)}"
        )


def without_length(
    ground_truth: np.ndarray, annotated: np.ndarray, joint_names: Sequence[str]
) -> np.ndarray:
    """Find sticks whose annotated ends are one point: (P, S) bool.

    Args:
        ground_truth: (P, K, 2) px.
        annotated: (P, K) bool.
        joint_names: The K joints' names, in the dataset's order.
    """
    ends = _ends(np.where(annotated[..., None], ground_truth, np.nan), joint_names)
    return (ends[:, :, 0] == ends[:, :, 1]).all(axis=2)


def _ends(points: np.ndarray, joint_names: Sequence[str]) -> np.ndarray:
    """Compute both ends (P, S, 2, 2) of the sticks of joints (P, K, 2)."""
    column = {name: k for k, name in enumerate(joint_names)}
    sticks = [
        [points[:, [column[joint] for joint in end]].mean(axis=1) for end in ends]
        for ends in STICKS.values()
    ]
    return np.array(sticks).transpose(2, 0, 1, 3)


def score_pcp(
    correct: np.ndarray, side_convention: str, threshold: float = THRESHOLD
) -> PoseScores:
    """Compute `PCP@<threshold>` of all sticks pooled, and `PCP <group>` of `GROUPS`.

    Args:
        correct: (P, S), as `correct_sticks` gives.
        side_convention: Meaning of left and right, for the report.
        threshold: The threshold with which `correct` was found.
    """
    sticks = {
        name: PartScore(int(np.isfinite(column).sum()), (_percent(column),))
        for name, column in zip(STICKS, correct.T, strict=True)
    }
    summary = {
        f"PCP@{threshold:g}": _percent(correct),
        **{
            f"PCP {group}": float(np.mean([sticks[name].correct[0] for name in names]))
            for group, names in GROUPS.items()
        },
    }
    return PoseScores(
        measure=f"strict PCP@{threshold:g}",
        convention=side_convention,
        people=len(correct),
        summary=summary,
        parts=sticks,
        part="stick",
    )


def _percent(correct: np.ndarray) -> float:
    """Average the values that are not NaN, in percent; NaN if there are none."""
    known = correct[~np.isnan(correct)]
    return 100.0 * float(known.mean()) if known.size else float("nan")
