"""Time PCKh of many people at the thresholds of the AUC, against MMPose's metric."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from mmpose.evaluation.functional import keypoint_pck_accuracy
from mmpose.evaluation.metrics import MpiiPCKAccuracy

from mmhg.benchmark.measure import Candidate, Comparison, compare
from mmhg.datasets import MPIIPersonDataset
from mmhg.evaluation import PCKhMetric
from mmhg.evaluation.pckh import AUC_THRESHOLDS, accuracies, normalized_distances, score_pckh

PEOPLE = 29_580
"""Ten times MPII's validation."""

GOAL = 50.0


def run(seconds: float = 4.0, people: int = PEOPLE) -> list[Comparison]:
    """Compare the functions that score, and the metrics that mmengine calls.

    Args:
        seconds: Time for each comparison.
        people: Number of people to score.
    """
    arrays = make_people(people)
    metainfo = MPIIPersonDataset(lazy_init=True).metainfo
    names = list(metainfo["keypoint_id2name"].values())
    theirs, ours = MpiiPCKAccuracy(), PCKhMetric(protocol="hrnet")
    for metric, samples in ((theirs, as_samples(arrays, 1)), (ours, as_samples(arrays, 0))):
        metric.dataset_meta = metainfo
        metric.process(None, samples)
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel("WARNING")  # both log what they score
    try:
        return [
            compare(
                f"PCKh: {people} people, {len(AUC_THRESHOLDS)} thresholds",
                "person",
                [
                    Candidate("MMPose's function", lambda: mmpose_curves(arrays), people),
                    Candidate(
                        "mmhg's, all scores",
                        lambda: score_pckh(normalized_distances(**arrays), names),
                        people,
                        goal=GOAL,
                        note=differing_joints(arrays),
                    ),
                ],
                seconds=seconds,
                min_rounds=3,
            ),
            compare(
                f"PCKh: the whole metric, {people} people",
                "person",
                [
                    Candidate(
                        "MpiiPCKAccuracy", lambda: theirs.compute_metrics(theirs.results), people
                    ),
                    Candidate(
                        "PCKhMetric",
                        lambda: ours.compute_metrics(ours.results),
                        people,
                        note=f"scores (0 to 1) differ by {score_gap(theirs, ours):.1g}",
                    ),
                ],
                seconds=seconds,
                min_rounds=3,
            ),
        ]
    finally:
        logger.setLevel(level)


def make_people(people: int, seed: int = 0) -> dict[str, Any]:
    """Make arguments of `normalized_distances`: errors near the thresholds, 15 % not annotated."""
    rng = np.random.default_rng(seed)
    ground_truth = rng.uniform(0, 1000, (people, 16, 2))
    head_sizes = rng.uniform(20, 100, people)
    errors = rng.normal(0, 0.2, ground_truth.shape) * head_sizes[:, None, None]
    return dict(
        predictions=ground_truth + errors,
        ground_truth=ground_truth,
        head_sizes=head_sizes,
        annotated=rng.random((people, 16)) < 0.85,
    )


def as_samples(arrays: dict[str, Any], origin: int) -> list[dict[str, Any]]:
    """Convert the people to the samples that metrics get, with annotations counted from `origin`.

    Predictions are 0-based. MMPose's metric expects 1-based annotations.
    """
    columns = zip(*arrays.values(), strict=True)
    return [
        dict(
            img_path=f"{number}.jpg",
            id=number,
            pred_instances=dict(keypoints=predicted[None]),
            gt_instances=dict(
                keypoints=annotated[None] + origin,
                keypoints_visible=flags[None].astype(np.float32),
                head_size=np.array([[size]]),
            ),
        )
        for number, (predicted, annotated, size, flags) in enumerate(columns)
    ]


def mmpose_curves(arrays: dict[str, Any]) -> np.ndarray:
    """Compute accuracies (T, K) with MMPose's function, which is called for each threshold."""
    sizes = np.repeat(arrays["head_sizes"][:, None], 2, axis=1)
    return np.stack(
        [
            keypoint_pck_accuracy(
                arrays["predictions"], arrays["ground_truth"], arrays["annotated"], threshold, sizes
            )[0]
            for threshold in AUC_THRESHOLDS
        ]
    )


def differing_joints(arrays: dict[str, Any]) -> str:
    """Count the joints that only one of the two functions takes as correct, at any threshold."""
    distances = normalized_distances(**arrays).T
    ours = np.stack([accuracies(joint, AUC_THRESHOLDS) for joint in distances], axis=1) / 100
    annotated = arrays["annotated"].sum(axis=0)
    apart = np.rint(np.abs(ours - mmpose_curves(arrays)) * annotated).sum()
    return (
        f"{apart:.0f} of {annotated.sum()} joints on the other side of a threshold, since MMPose's "
        "distances are float32"
    )


def score_gap(theirs: MpiiPCKAccuracy, ours: PCKhMetric) -> float:
    """Return the largest difference of a score that both have, on a scale from 0 to 1."""
    mine = ours.compute_metrics(ours.results)
    return max(
        abs(float(value) - mine[OUR_NAMES.get(name, name.removesuffix(" PCK"))]) / 100
        for name, value in theirs.compute_metrics(theirs.results).items()
    )


OUR_NAMES = {"PCK": "PCKh@0.5", "PCK@0.1": "PCKh@0.1"}
"""MMPose's names of scores that differ from ours, and our names."""
