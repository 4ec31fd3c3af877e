"""Follow one person's joints from stack to stack.

Shape shorthand in this module: S stacks, K keypoints, H x W px of the heatmaps. Points are 0-based
px (x, y) of the network's input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.structures import PoseDataSample

from mmhg.pictures import displayable
from mmhg.refinement.predict import predict_each_stack
from mmhg.visualization.heatmaps import heatmap_placement


@dataclass(frozen=True)
class DistanceUnit:
    """The unit of distances.

    Attributes:
        name: The unit's name, in the plural.
        size_px: Length of one unit, px of the input.
        threshold: Largest error of a correct joint, in units.
    """

    name: str
    size_px: float
    threshold: float


@dataclass(frozen=True)
class JointPaths:
    """A person's joints after each stack, and their annotation.

    Attributes:
        keypoints: (S, K, 2) px.
        truth: (K, 2) px, NaN for joints that are not annotated.
        unit: Head sizes with PCKh's 0.5 or torso sizes with PCK's 0.2, if one is known.
    """

    keypoints: np.ndarray
    truth: np.ndarray
    unit: DistanceUnit

    @property
    def annotated(self) -> np.ndarray:
        """Tell which joints are annotated, (K,) bool."""
        return np.isfinite(self.truth[:, 0])

    @cached_property
    def moved(self) -> np.ndarray:
        """Measure how far each joint moved from each stack to the next, (S - 1, K) units."""
        return np.linalg.norm(np.diff(self.keypoints, axis=0), axis=-1) / self.unit.size_px

    @cached_property
    def errors(self) -> np.ndarray:
        """Measure the distances to the annotation, (S, K) units; NaN without an annotation."""
        return np.linalg.norm(self.keypoints - self.truth, axis=-1) / self.unit.size_px

    @property
    def correct(self) -> np.ndarray:
        """Tell which joints are correct after each stack, (S, K) bool."""
        return self.errors <= self.unit.threshold

    @property
    def correction_score(self) -> np.ndarray:
        """Score each joint's correction, to show the best ones first, (K,) units.

        A joint that the last stack corrected gains the distance by which it came nearer, at most
        twice the threshold. A joint that was correct and no longer is loses twice the threshold.
        A joint that is still missed loses half the threshold.
        """
        threshold = self.unit.threshold
        nearer = np.minimum(np.nan_to_num(self.errors[0] - self.errors[-1]), 2 * threshold)
        before, after = self.correct[0], self.correct[-1]
        cases = [before & after, ~before & after, before & ~after, self.annotated]
        return np.select(cases, [0.0, nearer, -2 * threshold, -threshold / 2])


@dataclass(frozen=True)
class Refinement:
    """All data needed to draw the refinement of one person.

    Attributes:
        title: The person's name in pictures.
        image: The network's input, (height, width, 3) uint8, BGR.
        heatmaps: (S, K, H, W), averaged over the flip test, as for decoding.
        placement: Scale and offset, (2,) each: input px = scale x heatmap px + offset.
        paths: The joints.
    """

    title: str
    image: np.ndarray
    heatmaps: np.ndarray
    placement: tuple[np.ndarray, np.ndarray]
    paths: JointPaths


def joint_paths(samples: Sequence[PoseDataSample]) -> JointPaths:
    """Collect one person's paths from the S samples that `predict_each_stack` returns."""
    first = samples[0]
    size = np.asarray(first.input_size, dtype=float)
    zoom = size / np.ravel(first.input_scale)
    corner = np.ravel(first.input_center) - np.ravel(first.input_scale) / 2
    keypoints = np.stack(
        [np.asarray(sample.pred_instances.keypoints)[0, :, :2] for sample in samples]
    )
    truth = np.full(keypoints.shape[1:], np.nan)
    known = first.gt_instances
    if "keypoints" in known:
        flags = np.asarray(known.keypoints_visible)
        annotated = flags.reshape(1, len(truth), -1)[0, :, 0] > 0
        truth[annotated] = ((np.asarray(known.keypoints)[0, :, :2] - corner) * zoom)[annotated]
    if "head_size" in known:
        unit = DistanceUnit("head sizes", float(np.ravel(known.head_size)[0] * zoom[0]), 0.5)
    elif "torso_size" in known:
        unit = DistanceUnit("torso sizes", float(np.ravel(known.torso_size)[0] * zoom[0]), 0.2)
    else:
        unit = DistanceUnit("% of the crop", float(size.max() / 100), 5.0)
    return JointPaths((keypoints - corner) * zoom, truth, unit)


def refinements(model: Any, batch: dict[str, Any]) -> list[Refinement]:
    """Run a model on a batch and keep the output of each stack for each person.

    Args:
        model: As for `predict_each_stack`; the batch must have one crop per person.
        batch: `inputs`, N images (channels, height, width), 0 to 255, three of them BGR, and N
            `data_samples`.
    """
    by_stack = predict_each_stack(model, batch, heatmaps=True)
    found = []
    for number, samples in enumerate(zip(*by_stack, strict=True)):
        maps = [sample.pred_fields.heatmaps.cpu().numpy() for sample in samples]
        height, width = maps[0].shape[-2:]
        path = samples[0].get("img_path")
        found.append(
            Refinement(
                title=Path(path).name if path else f"person {number}",
                image=displayable(batch["inputs"][number].permute(1, 2, 0).cpu().numpy(), (0, 255)),
                heatmaps=np.stack(maps),
                placement=heatmap_placement(model.head.decoder, width, height),
                paths=joint_paths(samples),
            )
        )
    return found


def most_corrected(paths: Sequence[JointPaths], number: int) -> list[int]:
    """Return the indices of the people whom the stacks correct most, the best first.

    Scores are compared in thresholds, since people may be measured in different units. Among people
    with equal scores, those whose joints move farther come first. Without annotations all scores
    are equal.
    """
    order = [
        tuple(
            -float(each.sum()) / path.unit.threshold for each in (path.correction_score, path.moved)
        )
        for path in paths
    ]
    return sorted(range(len(paths)), key=order.__getitem__)[:number]
