"""OKS and COCO's AP of files of predictions, by sigmas that are COCO's, given, or estimated.

Shapes: P people, K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np

from mmhg.compat.coco_evaluation import COCO, COCOeval
from mmhg.errors import InputError
from mmhg.evaluation.keypoint_error import lengths, offsets
from mmhg.evaluation.keypoint_scores import KeypointScores, by_name
from mmhg.evaluation.normalizers import box_lengths, extents
from mmhg.evaluation.oks import (
    FEWEST_PAIRS,
    coco_sigma,
    object_similarities,
    sigmas_of_labels,
    sigmas_of_residuals,
    similarities,
)
from mmhg.results.scoring.records import Predicted, Truth
from mmhg.utils.coco_file import AREA_PER_BOX

_STATS = ("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR", "AR .5", "AR .75", "AR (M)", "AR (L)")
"""Names of COCO's ten numbers, as MMPose has them."""


def score_oks(
    truth: Truth, files: Mapping[str, Predicted], sigmas: np.ndarray | None
) -> tuple[dict[str, KeypointScores], list[str]]:
    """Score by COCO's AP, between 0 and 1, and by the mean OKS of the labeled people.

    Returns:
        Scores by file, which all have the same sigmas; and notes.
    """
    areas, notes = areas_of(truth)
    distances = {path: _distances(truth, one) for path, one in files.items()}
    if sigmas is None:
        sigmas, note = usual_sigmas(truth, distances, areas)
        notes.append(note)
    scores = {}
    for path, of_file in distances.items():
        of_keypoints = similarities(of_file, areas, sigmas)
        of_people = object_similarities(of_keypoints)
        counted = np.isfinite(of_people)
        summary = _average_precision(truth, files[path], sigmas)
        summary["OKS"] = float(of_people[counted].mean()) if counted.any() else float("nan")
        scores[path] = KeypointScores(
            measure="OKS",
            people=len(of_people),
            summary=summary,
            keypoints=by_name(
                truth.names,
                {
                    "labeled": [int(n) for n in (~np.isnan(of_file)).sum(axis=0)],
                    "sigma": [round(float(sigma), 4) for sigma in sigmas],
                    "OKS": [_mean(column) for column in of_keypoints.T],
                },
            ),
            main="OKS",
        )
    return scores, notes


def label_sigmas(truth: Truth, second: Predicted) -> np.ndarray:
    """Estimate sigmas from a second person's labels of the same objects.

    Raises:
        InputError: A keypoint has less than `FEWEST_PAIRS` labels by both.
    """
    areas, _ = areas_of(truth)
    sigmas = sigmas_of_labels(_distances(truth, second), areas)
    lacking = [name for name, sigma in zip(truth.names, sigmas, strict=True) if not sigma > 0]
    if lacking:
        raise InputError(
            f"--sigmas: at least {FEWEST_PAIRS} objects must have labels by two people, that are "
            f"not copies, of each keypoint; too few have {', '.join(lacking)}"
        )
    return sigmas


def usual_sigmas(
    truth: Truth, distances: Mapping[str, np.ndarray], areas: np.ndarray
) -> tuple[np.ndarray, str]:
    """Return COCO's sigmas where all keypoints are COCO's, or estimate them; and say which."""
    of_coco = [coco_sigma(name) for name in truth.names]
    if all(sigma is not None for sigma in of_coco):
        return np.array(of_coco, dtype=np.float64), "sigmas are COCO's"
    count = len(distances)
    sigmas = sigmas_of_residuals(np.concatenate([*distances.values()]), np.tile(areas, count))
    given = ",".join(f"{sigma:.4f}" for sigma in sigmas)
    return sigmas, (
        "sigmas are estimated from the errors of these predictions in their ratios, with the mean "
        "of COCO's: a score to compare these files by, and no others. Give labels of a second "
        f"person (--sigmas FILE), or keep these: --sigmas {given}"
    )


def areas_of(truth: Truth) -> tuple[np.ndarray, list[str]]:
    """Return people's areas (P,) in square px, NaN for those without, and notes."""
    areas = np.full(len(truth.keypoints), np.nan) if truth.areas is None else truth.areas
    areas = np.where(areas > 0, areas, np.nan)
    missing = int(np.isnan(areas).sum())
    if not missing:
        return areas, []
    if missing < len(areas):
        return areas, [f"{missing} of {len(areas)} people are left out of OKS, who have no area"]
    boxes = truth.boxes
    what = f"{AREA_PER_BOX:g} of the box"
    if boxes is None:
        boxes, what = extents(truth.keypoints, truth.labeled), f"{what} around the labels"
    areas = AREA_PER_BOX * box_lengths(boxes, "box") ** 2
    return np.where(areas > 0, areas, np.nan), [f"{truth.file} has no areas: OKS takes {what}"]


def _distances(truth: Truth, predicted: Predicted) -> np.ndarray:
    return lengths(offsets(predicted.keypoints, truth.keypoints, truth.labeled & predicted.covered))


def _average_precision(truth: Truth, predicted: Predicted, sigmas: np.ndarray) -> dict[str, float]:
    """Evaluate as COCO does; empty where the ground truth has no images, or keypoints lack."""
    if truth.content is None or not predicted.covered.all():
        return {}
    with redirect_stdout(StringIO()):
        labels = _reader(truth)
        used = {one["category_id"] for one in labels.anns.values() if one.get("num_keypoints")}
        found = [
            # Files that are not COCO's results number the category as they like.
            {**one, "category_id": min(used)} if len(used) == 1 else one
            for one in predicted.detections
        ]
        has_area = any((one.get("area") or 0) > 0 for one in labels.anns.values())
        evaluation = COCOeval(labels, labels.loadRes(found), "keypoints", sigmas, has_area)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {
        name: float(stat) if stat > -1 else float("nan")
        for name, stat in zip(_STATS, evaluation.stats, strict=True)
    }


def _reader(truth: Truth) -> Any:
    """Make COCO's reader of the ground truth's images."""
    assert truth.content is not None
    reader = COCO()
    reader.source = truth.file
    reader.dataset = truth.content
    reader.createIndex()
    return reader


def _mean(values: np.ndarray) -> float:
    found = values[np.isfinite(values)]
    return float(found.mean()) if found.size else float("nan")
