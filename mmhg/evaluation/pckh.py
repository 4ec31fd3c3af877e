"""PCKh of the MPII benchmark, as numpy functions.

A joint is correct when its prediction lies within a fraction of the person's head size of the
annotation. Definitions follow the benchmark's own toolkit (`evaluatePCKh`, `computePCK`,
`genTablePCK`): joints without annotation are left out, a distance equal to the threshold is
correct, and scores are percentages.

Shapes: P people, K joints of the dataset, T thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation.protocols import OFFICIAL, PROTOCOLS, PCKhProtocol
from mmhg.evaluation.scores import PartScore, PoseScores

AUC_THRESHOLDS = np.arange(51) / 100
"""0, 0.01, ..., 0.5 head sizes (`evaluatePCKh`)."""


def normalized_distances(
    predictions: np.ndarray,
    ground_truth: np.ndarray,
    head_sizes: np.ndarray,
    annotated: np.ndarray,
    person_names: Sequence[str] | None = None,
    size_name: str = "head size",
) -> np.ndarray:
    """Measure distances from the annotations in head sizes.

    Args:
        predictions: (P, K, 2) px, with the same origin as `ground_truth`.
        ground_truth: (P, K, 2) px.
        head_sizes: (P,) px, as `head_sizes_from_boxes` gives.
        annotated: (P, K) bool.
        person_names: Names of the P people in errors, beside their index.
        size_name: Name of `head_sizes` in errors.

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
    _check_shape(f"{size_name.replace(' ', '_')}s", head_sizes, ground_truth.shape[:1])
    _check_shape("annotated", annotated, ground_truth.shape[:2])

    # Joints that are not annotated may have any coordinates.
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        offsets = predictions - ground_truth
        x, y = offsets[..., 0], offsets[..., 1]
        distances = np.sqrt(x * x + y * y) / head_sizes[:, None]
    sized = np.isfinite(head_sizes) & (head_sizes > 0)
    if not (sized.all() and (np.isfinite(distances) | ~annotated).all()):
        needless = ~annotated.any(axis=1)
        rule = f"the {size_name} must be positive and finite"
        check_people(sized | needless, rule, head_sizes, person_names)
        for name, points in (("predictions", predictions), ("annotations", ground_truth)):
            check_finite(name, points, annotated, person_names)
    distances[~annotated] = np.nan
    return distances


def accuracies(distances: np.ndarray, thresholds: Sequence[float] | np.ndarray) -> np.ndarray:
    """Count the annotated joints within each threshold in percent, all joints pooled.

    Args:
        distances: Of any shape, NaN where a joint is not annotated.
        thresholds: (T,), inclusive.

    Returns:
        (T,) percent, NaN without a single annotated joint.
    """
    annotated, correct = _count_within(distances, thresholds)
    return _percent(correct, annotated)


def area_under_curve(curve: np.ndarray) -> float:
    """Integrate a piecewise linear curve over equal steps, normalized to 0..100."""
    return float((curve[1:] + curve[:-1]).mean() / 2)


def group_curves(
    distances: np.ndarray,
    joint_names: Sequence[str],
    protocol: PCKhProtocol = OFFICIAL,
    thresholds: Sequence[float] | np.ndarray = AUC_THRESHOLDS,
) -> dict[str, np.ndarray]:
    """Compute PCKh over the threshold: `Total`, `UBody` and each of the protocol's groups.

    Args:
        distances: (P, K), as `normalized_distances` gives.
        joint_names: The K joints' names, in the dataset's order.
        protocol: The joints that count.
        thresholds: (T,) head sizes, inclusive.

    Returns:
        (T,) percent per name, NaN where no joint is annotated.

    Raises:
        InputError: `joint_names` has another length than K, or lacks a joint of the protocol.
    """
    return _group_curves(_count(distances, joint_names, protocol, thresholds), protocol)


def score_pckh(
    distances: np.ndarray, joint_names: Sequence[str], protocol: PCKhProtocol = OFFICIAL
) -> PoseScores:
    """Compute all scores of a protocol.

    Args:
        distances: (P, K), as `normalized_distances` gives.
        joint_names: The K joints' names, in the dataset's order.
        protocol: The joints that count.

    Raises:
        InputError: `joint_names` has another length than K, or lacks a joint of the protocol.
    """
    points = (0.5, protocol.tight_threshold)
    thresholds = np.concatenate([points, AUC_THRESHOLDS])
    counts = _count(distances, joint_names, protocol, thresholds)
    curves = _group_curves(counts, protocol)
    joints = {
        name: PartScore(joint.annotated, tuple(joint.curve[: len(points)].tolist()))
        for name, joint in counts.items()
    }
    total = curves.pop("Total")
    summary = {
        "PCKh@0.5": float(total[0]),
        "PCKh@0.1": float(total[1]),
        "AUC": area_under_curve(total[len(points) :]),
        **{group: float(curve[0]) for group, curve in curves.items()},
    }
    return PoseScores(
        measure="PCKh",
        convention=protocol.name,
        people=len(distances),
        summary=summary,
        parts=joints,
        headings=("PCKh@0.5", "PCKh@0.1"),
        convention_kind="protocol",
    )


def score_all(distances: np.ndarray, joint_names: Sequence[str]) -> dict[str, PoseScores]:
    """Compute the scores of every protocol, by name. Arguments and errors are `score_pckh`'s."""
    return {
        name: score_pckh(distances, joint_names, protocol) for name, protocol in PROTOCOLS.items()
    }


def score_by_visibility(
    distances: np.ndarray,
    visible: np.ndarray,
    joint_names: Sequence[str],
    protocol: PCKhProtocol = OFFICIAL,
) -> dict[str, PoseScores]:
    """Score the `visible` and the `occluded` joints, each as if there were no others.

    Args:
        distances: (P, K), as `normalized_distances` gives.
        visible: (P, K), 1 visible, 0 occluded, NaN unknown. Unknown joints are in neither part.
        joint_names: The K joints' names, in the dataset's order.
        protocol: The joints that count.
    """
    visible = np.asarray(visible, dtype=np.float64)
    _check_shape("visible", visible, distances.shape)
    parts = {"visible": visible > 0, "occluded": visible == 0}
    return {
        name: score_pckh(np.where(part, distances, np.nan), joint_names, protocol)
        for name, part in parts.items()
    }


class _JointCount(NamedTuple):
    """The number of a joint's annotations, and of predictions within each of T thresholds."""

    annotated: int
    correct: np.ndarray

    @property
    def curve(self) -> np.ndarray:
        """Give (T,) percent, NaN where the joint is not annotated."""
        return _percent(self.correct, self.annotated)


def _count(
    distances: np.ndarray,
    joint_names: Sequence[str],
    protocol: PCKhProtocol,
    thresholds: Sequence[float] | np.ndarray,
) -> dict[str, _JointCount]:
    """Count every joint, after a check of the names."""
    if distances.ndim != 2 or distances.shape[1] != len(joint_names):
        raise InputError(
            f"distances must have shape (P, {len(joint_names)}) for these joint names, got "
            f"{distances.shape}"
        )
    needed = {*protocol.total, *protocol.upper_body, *sum(protocol.groups.values(), ())}
    if missing := sorted(needed - set(joint_names)):
        raise InputError(
            f"the {protocol.name} PCKh needs joints that the dataset does not name: "
            f"{', '.join(missing)}. The dataset's metainfo has {', '.join(joint_names)}"
        )
    return {
        name: _JointCount(*_count_within(of_joint, thresholds))
        for name, of_joint in zip(joint_names, distances.T, strict=True)
    }


def _count_within(
    distances: np.ndarray, thresholds: Sequence[float] | np.ndarray
) -> tuple[int, np.ndarray]:
    """Count the distances that are not NaN, and (T,) those within each threshold."""
    ordered = np.sort(distances, axis=None)  # NaN comes last
    annotated = int(np.searchsorted(ordered, np.nan))
    return annotated, np.searchsorted(ordered, thresholds, side="right")


def _percent(correct: np.ndarray, annotated: int) -> np.ndarray:
    if annotated == 0:
        return np.full(len(correct), np.nan)
    return 100.0 * correct / annotated


def _group_curves(
    counts: Mapping[str, _JointCount], protocol: PCKhProtocol
) -> dict[str, np.ndarray]:
    def averaged(names: Sequence[str]) -> np.ndarray:
        return np.mean([counts[name].curve for name in names], axis=0)

    def pooled(names: Sequence[str]) -> np.ndarray:
        annotated, correct = zip(*(counts[name] for name in names), strict=True)
        return _percent(np.sum(correct, axis=0), sum(annotated))

    combine = averaged if protocol.average == "macro" else pooled
    return {
        "Total": combine(protocol.total),
        "UBody": combine(protocol.upper_body),
        **{group: averaged(names) for group, names in protocol.groups.items()},
    }


def check_finite(
    name: str, points: np.ndarray, annotated: np.ndarray, person_names: Sequence[str] | None
) -> None:
    """Raise InputError for the first person with an annotated joint that is not finite.

    Args:
        name: Name of `points` in the error.
        points: (P, K, 2).
        annotated: (P, K) bool.
        person_names: Names of the P people in the error, beside their index.
    """
    finite = np.isfinite(points).all(axis=2) | ~annotated
    check_people(finite.all(axis=1), f"{name} must be finite", points, person_names)


def check_people(
    correct: np.ndarray, rule: str, values: np.ndarray, person_names: Sequence[str] | None
) -> None:
    """Raise InputError for the first person that is not `correct` (P,), with its `values`."""
    if not correct.all():
        person = int(np.argmin(correct))
        name = f" ({person_names[person]})" if person_names else ""
        raise InputError(f"person {person}{name}: {rule}, got {values[person].tolist()}")


def _check_shape(name: str, array: np.ndarray, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise InputError(
            f"{name} has shape {array.shape}, but the ground truth asks for {expected}"
        )
