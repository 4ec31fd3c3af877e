"""PCKh of the MPII benchmark, as numpy functions.

A joint is correct when its prediction lies within a fraction of the person's head size of the
annotation. Definitions follow the benchmark's own toolkit (`evaluatePCKh`, `computePCK`,
`genTablePCK`): joints without annotation are left out, a distance equal to the threshold is
correct, and scores are percentages.

Shapes: P people, K joints of the dataset, T thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmhg.errors import InputError

HEAD_SIZE_PER_DIAGONAL = 0.6
"""Head size / diagonal of the head box (`util_get_head_size`)."""

AUC_THRESHOLDS = np.arange(51) / 100
"""0, 0.01, ..., 0.5 head sizes (`evaluatePCKh`)."""

_SIDES = ("right", "left")
_PAIRED_JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


@dataclass(frozen=True)
class PCKhProtocol:
    """Which joints a set of PCKh scores counts. Joints are named as in MMPose's MPII metainfo.

    Args:
        name: Stands in reports beside the scores.
        total: Joints pooled for `PCKh@0.5`, `PCKh@0.1` and `AUC`.
        upper_body: Joints pooled for `UBody`.
        groups: Joints of each further score, which is the mean of their accuracies.
    """

    name: str
    total: tuple[str, ...]
    upper_body: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]


def _both_sides(*joints: str) -> tuple[str, ...]:
    return tuple(f"{side}_{joint}" for joint in joints for side in _SIDES)


OFFICIAL = PCKhProtocol(
    name="official",
    total=("head_top", "upper_neck", *_both_sides(*_PAIRED_JOINTS)),
    upper_body=_both_sides("shoulder", "elbow", "wrist"),
    groups={
        "Head": ("upper_neck", "head_top"),
        **{joint.capitalize(): _both_sides(joint) for joint in _PAIRED_JOINTS},
    },
)
"""MPII's toolkit and leaderboard: everything but pelvis and thorax, pooled."""


class JointScore(NamedTuple):
    """One joint's accuracy in percent (NaN without annotations)."""

    annotated: int
    at_05: float
    at_01: float


@dataclass(frozen=True)
class PCKhScores:
    """Scores in percent; NaN where no joint is annotated.

    Args:
        protocol: Name of the protocol.
        people: Number of people.
        summary: `PCKh@0.5`, `PCKh@0.1`, `AUC`, `UBody`, then the protocol's groups at 0.5.
        joints: Every joint of the dataset, by name, in the dataset's order.
    """

    protocol: str
    people: int
    summary: dict[str, float]
    joints: dict[str, JointScore] = field(repr=False)

    def report(self) -> dict[str, object]:
        """What goes into a JSON file: undefined scores are None (null), not NaN."""
        return {
            "protocol": self.protocol,
            **{name: _none_if_undefined(score) for name, score in self.summary.items()},
            "joints": {
                name: _none_if_undefined(score.at_05) for name, score in self.joints.items()
            },
        }

    def table(self) -> str:
        """A plain text table of all joints, then of the summary."""
        width = max(len(name) for name in (*self.joints, *self.summary))
        lines = [
            f"PCKh, {self.protocol} protocol, {self.people} people",
            f"{'joint':<{width}}  annotated  PCKh@0.5  PCKh@0.1",
        ]
        for name, (annotated, at_05, at_01) in self.joints.items():
            lines.append(f"{name:<{width}}  {annotated:>9}  {at_05:>8.2f}  {at_01:>8.2f}")
        lines.append("-" * len(lines[1]))
        for name, score in self.summary.items():
            lines.append(f"{name:<{width}}  {'':>9}  {score:>8.2f}")
        return "\n".join(lines)


def head_sizes_from_boxes(head_boxes: np.ndarray) -> np.ndarray:
    """Head sizes (P,) in px of head boxes (P, 4), each x1, y1, x2, y2 in px."""
    diagonals = np.asarray(head_boxes, dtype=np.float64)
    diagonals = np.linalg.norm(diagonals[:, 2:] - diagonals[:, :2], axis=1)
    return HEAD_SIZE_PER_DIAGONAL * diagonals


def normalized_distances(
    predictions: np.ndarray,
    ground_truth: np.ndarray,
    head_sizes: np.ndarray,
    annotated: np.ndarray,
    labels: Sequence[str] | None = None,
) -> np.ndarray:
    """Distances from the annotations in head sizes.

    Args:
        predictions: (P, K, 2) px, with the same origin as `ground_truth`.
        ground_truth: (P, K, 2) px.
        head_sizes: (P,) px, as `head_sizes_from_boxes` gives.
        annotated: (P, K) bool.
        labels: What errors call the P people beside their index.

    Returns:
        (P, K) float64, NaN where a joint is not annotated.

    Raises:
        InputError: Shapes disagree; or a person with an annotated joint has a head size that is not
            positive and finite, or a coordinate of an annotated joint is not finite.
    """
    predictions = np.asarray(predictions, dtype=np.float64)
    ground_truth = np.asarray(ground_truth, dtype=np.float64)
    head_sizes = np.asarray(head_sizes, dtype=np.float64)
    annotated = np.asarray(annotated, dtype=bool)
    if ground_truth.ndim != 3 or ground_truth.shape[2] != 2:
        raise InputError(f"ground_truth must have shape (P, K, 2), got {ground_truth.shape}")
    _check_shape("predictions", predictions, ground_truth.shape)
    _check_shape("head_sizes", head_sizes, ground_truth.shape[:1])
    _check_shape("annotated", annotated, ground_truth.shape[:2])

    def check(ok: np.ndarray, what: str, values: np.ndarray) -> None:
        bad = annotated.any(axis=1) & ~ok
        if bad.any():
            person = int(np.argmax(bad))
            label = f" ({labels[person]})" if labels else ""
            raise InputError(f"person {person}{label}: {what}, got {values[person].tolist()}")

    check(
        np.isfinite(head_sizes) & (head_sizes > 0),
        "the head size must be positive and finite",
        head_sizes,
    )
    for name, points in (("predictions", predictions), ("annotations", ground_truth)):
        finite = np.isfinite(points).all(axis=2)
        check((finite | ~annotated).all(axis=1), f"{name} must be finite", points)

    distances = np.full(annotated.shape, np.nan)
    offsets = (predictions - ground_truth)[annotated]
    people, _ = np.nonzero(annotated)
    distances[annotated] = np.linalg.norm(offsets, axis=1) / head_sizes[people]
    return distances


def accuracies(distances: np.ndarray, thresholds: Sequence[float] | np.ndarray) -> np.ndarray:
    """Percentage of annotated joints within each threshold, all joints pooled.

    Args:
        distances: Of any shape, NaN where a joint is not annotated.
        thresholds: (T,), inclusive.

    Returns:
        (T,) percent, NaN without a single annotated joint.
    """
    annotated = np.sort(distances[~np.isnan(distances)])
    if annotated.size == 0:
        return np.full(len(thresholds), np.nan)
    return 100.0 * np.searchsorted(annotated, thresholds, side="right") / annotated.size


def area_under_curve(distances: np.ndarray) -> float:
    """Area under the piecewise linear PCKh curve over 0..0.5, normalised to 0..100."""
    curve = accuracies(distances, AUC_THRESHOLDS)
    return float((curve[1:] + curve[:-1]).mean() / 2)


def score(
    distances: np.ndarray, joint_names: Sequence[str], protocol: PCKhProtocol = OFFICIAL
) -> PCKhScores:
    """All scores of a protocol.

    Args:
        distances: (P, K), as `normalized_distances` gives.
        joint_names: The K joints' names, in the dataset's order.
        protocol: Which joints count.

    Raises:
        InputError: `joint_names` has another length than K, or lacks a joint of the protocol.
    """
    if distances.ndim != 2 or distances.shape[1] != len(joint_names):
        raise InputError(
            f"distances must have shape (P, {len(joint_names)}) for these joint names, got "
            f"{distances.shape}"
        )
    column = {name: k for k, name in enumerate(joint_names)}
    needed = {*protocol.total, *protocol.upper_body, *sum(protocol.groups.values(), ())}
    if missing := sorted(needed - column.keys()):
        raise InputError(
            f"the {protocol.name} PCKh needs joints that the dataset does not name: "
            f"{', '.join(missing)}; the dataset's metainfo has {', '.join(joint_names)}"
        )

    def pooled(names: Sequence[str]) -> np.ndarray:
        return distances[:, [column[name] for name in names]]

    joints = {}
    for name, k in column.items():
        at_05, at_01 = accuracies(distances[:, k], (0.5, 0.1)).tolist()
        joints[name] = JointScore(int(np.isfinite(distances[:, k]).sum()), at_05, at_01)
    total_05, total_01 = accuracies(pooled(protocol.total), (0.5, 0.1)).tolist()
    summary = {
        "PCKh@0.5": total_05,
        "PCKh@0.1": total_01,
        "AUC": area_under_curve(pooled(protocol.total)),
        "UBody": accuracies(pooled(protocol.upper_body), (0.5,)).item(),
    }
    for group, names in protocol.groups.items():
        summary[group] = math.fsum(joints[name].at_05 for name in names) / len(names)
    return PCKhScores(protocol.name, len(distances), summary, joints)


def _none_if_undefined(score: float) -> float | None:
    return None if math.isnan(score) else score


def _check_shape(name: str, array: np.ndarray, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise InputError(
            f"{name} has shape {array.shape}, but the ground truth asks for {expected}"
        )
