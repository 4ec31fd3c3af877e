"""Bring an array of predictions into the keypoints of a ground truth.

Shapes: P people, K keypoints of the ground truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.results.scoring.array_files import people_first
from mmhg.results.scoring.doubts import scene_sizes
from mmhg.results.scoring.joint_orders import Fit, counts_of, fitting_order
from mmhg.results.scoring.records import FoundArray, Predicted, Truth

_FEWEST_PEOPLE = 5
"""People from which on one point for all of them is no prediction."""


def match_array(array: FoundArray, truth: Truth, path: str) -> Predicted:
    """Take the rows for the people, in the file's order, and find whose order the joints have.

    Raises:
        InputError: Numbers of people or joints do not fit.
    """
    people, names = len(truth.keypoints), list(truth.names)
    every = (truth.content or {}).get("annotations", truth.keypoints)
    file = f"ground truth {truth.file}"
    stored = people_first(array, {people, len(every)}, counts_of(names), path, file)
    notes = []
    if len(stored) != people:  # one row per annotation, those without label included
        row = {one["id"]: number for number, one in enumerate(every)}
        stored = stored[[row[number] for number in truth.ids]]
        notes.append(f"{path}: {people} of {len(every)} people have labels, and count")
    labels = np.where(truth.labeled[..., None], truth.keypoints, np.nan)
    fit = fitting_order(names, stored[..., :2], labels, scene_sizes(truth), f"predictions {path}")
    if fit.order:
        notes.append(_about(path, fit, names))
    empty = _without_prediction(stored[..., :2], fit.joints)
    if empty:
        notes.append(
            f"{path}: the same point for everybody, so that they are no predictions: "
            f"{', '.join(empty)}"
        )
    common = [name for name in names if name in fit.joints and name not in empty]
    to, from_ = [names.index(one) for one in common], [fit.joints.index(one) for one in common]
    points = np.full((people, len(names), 2), np.nan)
    points[:, to] = stored[:, from_, :2]
    confidences = None
    if stored.shape[2] > 2:
        confidences = np.full((people, len(names)), np.nan)
        confidences[:, to] = stored[:, from_, -1]
    return Predicted(
        keypoints=points,
        covered=np.isin(names, common),
        looked_at=np.full(people, True),
        confidences=confidences,
        notes=notes,
    )


def _without_prediction(points: np.ndarray, joints: Sequence[str]) -> list[str]:
    """Name the joints that files fill with zeros or the like, since a network did not have them."""
    if len(points) < _FEWEST_PEOPLE:
        return []
    with np.errstate(invalid="ignore"):
        same = (points == points[:1]).all(axis=(0, 2))
    return [joint for joint, is_same in zip(joints, same, strict=True) if is_same]


def _about(path: str, fit: Fit, names: list[str]) -> str:
    unused = [joint for joint in fit.joints if joint not in names]
    text = f"{path}: taken to be {len(fit.joints)} joints in {fit.order} order"
    if np.isfinite(fit.distance):
        text += f", which lies nearest to the labels (median {fit.distance:.3g} sizes)"
    if unused:
        text += f"; {len(unused)} of them have no labels and are left out"
    return text
