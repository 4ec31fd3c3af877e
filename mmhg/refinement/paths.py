"""How one person's joints move from stack to stack.

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

from mmhg.refinement.predict import predict_each_stack
from mmhg.visualization.heatmaps import heatmap_placement


@dataclass(frozen=True)
class Ruler:
    """What distances are measured in.

    Attributes:
        name: Of the unit, in the plural.
        px: Length of a unit, px of the input.
        reach: Up to how many units a joint is right.
    """

    name: str
    px: float
    reach: float


@dataclass(frozen=True)
class JointPaths:
    """Where a person's joints are after each stack, and where they should be.

    Attributes:
        keypoints: (S, K, 2) px.
        truth: (K, 2) px, NaN where not annotated.
        ruler: Head sizes and PCKh's 0.5 where a head size is known.
    """

    keypoints: np.ndarray
    truth: np.ndarray
    ruler: Ruler

    @property
    def annotated(self) -> np.ndarray:
        """Whether each joint is annotated, (K,) bool."""
        return np.isfinite(self.truth[:, 0])

    @cached_property
    def moved(self) -> np.ndarray:
        """How far each joint moved from each stack to the next, (S - 1, K) units."""
        return np.linalg.norm(np.diff(self.keypoints, axis=0), axis=-1) / self.ruler.px

    @cached_property
    def errors(self) -> np.ndarray:
        """Distances to the annotation, (S, K) units, NaN where there is none."""
        return np.linalg.norm(self.keypoints - self.truth, axis=-1) / self.ruler.px

    @property
    def right(self) -> np.ndarray:
        """Which joints are right after each stack, (S, K) bool."""
        return self.errors <= self.ruler.reach

    @property
    def corrected(self) -> np.ndarray:
        """How much from the first stack to the last speaks for each joint, (K,) units.

        A joint put right counts by how far it came nearer, at most by twice the reach, which is
        what a spoiled one loses; one that is still missed loses half the reach.
        """
        reach = self.ruler.reach
        nearer = np.minimum(np.nan_to_num(self.errors[0] - self.errors[-1]), 2 * reach)
        before, after = self.right[0], self.right[-1]
        cases = [before & after, ~before & after, before & ~after, self.annotated]
        return np.select(cases, [0.0, nearer, -2 * reach, -reach / 2])


@dataclass(frozen=True)
class Refinement:
    """A person's way through the stacks, with all that is needed to draw it.

    Attributes:
        title: What the person is called.
        image: The network's input, (height, width, 3) uint8, BGR.
        heatmaps: (S, K, H, W), as they are decoded: averaged over the flip test.
        placement: Input px = scale x heatmap px + offset, (2,) each.
        paths: The joints.
    """

    title: str
    image: np.ndarray
    heatmaps: np.ndarray
    placement: tuple[np.ndarray, np.ndarray]
    paths: JointPaths


def joint_paths(samples: Sequence[PoseDataSample]) -> JointPaths:
    """A person's paths from their S samples, as `predict_each_stack` gives them."""
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
        ruler = Ruler("head sizes", float(np.ravel(known.head_size)[0] * zoom[0]), 0.5)
    else:
        ruler = Ruler("% of the crop", float(size.max() / 100), 5.0)
    return JointPaths((keypoints - corner) * zoom, truth, ruler)


def refinements(model: Any, batch: dict[str, Any]) -> list[Refinement]:
    """Run a model on a batch and keep what its stacks see in each person.

    Args:
        model: As for `predict_each_stack`; the batch must have one crop per person.
        batch: `inputs`, N images (3, height, width) uint8, BGR, and N `data_samples`.
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
                image=batch["inputs"][number].permute(1, 2, 0).cpu().numpy().astype(np.uint8),
                heatmaps=np.stack(maps),
                placement=heatmap_placement(model.head.decoder, width, height),
                paths=joint_paths(samples),
            )
        )
    return found


def most_corrected(paths: Sequence[JointPaths], number: int) -> list[int]:
    """The people in whom the stacks put most joints right, that with most of all first.

    Between equals, as all are without annotations, the one whose joints move farther comes first.
    """
    order = [(-float(path.corrected.sum()), -float(path.moved.sum())) for path in paths]
    return sorted(range(len(paths)), key=order.__getitem__)[:number]
