"""Draw the small pictures that make up sheets and animations of the refinement.

Shape shorthand in this module: K keypoints. Points are 0-based px (x, y) of the network's input.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.refinement.paths import JointPaths, Refinement
from mmhg.visualization.heatmaps import lay_over
from mmhg.visualization.skeleton import FAR, draw_skeleton

MISSED = (60, 60, 255)
"""BGR of the marks of a missed joint."""

WHITE, BLACK = (255, 255, 255), (0, 0, 0)

_FAR = 0.5
"""A move longer than this share of the threshold gets an arrow."""

SIDES = ("right", "left", "middle")


class Canvas:
    """Draw over a person's enlarged input. All coordinates are px of the input.

    Args:
        image: (height, width, 3) uint8, BGR.
        side: The longer side of the enlarged picture, px.
    """

    def __init__(self, image: np.ndarray, side: int) -> None:
        self.zoom = side / max(image.shape[:2])
        size = [round(length * self.zoom) for length in image.shape[1::-1]]
        self.picture = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        self.line = max(1, round(side / 200))

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Convert points (..., 2) to px of the picture."""
        return (points + 0.5) * self.zoom - 0.5

    def heat(
        self, heatmap: np.ndarray, placement: tuple[np.ndarray, np.ndarray], highest: float
    ) -> None:
        """Lay a heatmap over the picture."""
        scale, offset = placement
        start = self.to_picture(offset)
        self.picture = lay_over(self.picture, heatmap, scale * self.zoom, start, highest)

    def skeleton(self, keypoints: np.ndarray, drawn: np.ndarray, metainfo: dict[str, Any]) -> None:
        """Draw the joints (K, 2) that are `drawn`, (K,) bool, and their links."""
        draw_skeleton(self.picture, self.to_picture(keypoints), drawn, metainfo)

    def ring(self, point: np.ndarray, radius: float, color: tuple[int, int, int]) -> None:
        """Draw a circle of `radius` px of the input."""
        px = max(3, round(radius * self.zoom))
        for shade, thickness in ((BLACK, self.line + 2), (color, self.line)):
            cv2.circle(self.picture, self._pixel(point), px, shade, thickness, cv2.LINE_AA)

    def dot(self, point: np.ndarray) -> None:
        """Draw a small white disc."""
        for shade, edge in ((BLACK, 2), (WHITE, 0)):
            radius = max(3, max(self.picture.shape) // 70) + edge
            cv2.circle(self.picture, self._pixel(point), radius, shade, -1, cv2.LINE_AA)

    def arrow(self, start: np.ndarray, end: np.ndarray) -> None:
        """Draw a white arrow."""
        length = max(1.0, float(np.linalg.norm(end - start)) * self.zoom)
        for color, thickness in ((BLACK, self.line + 2), (WHITE, self.line)):
            cv2.arrowedLine(
                self.picture,
                self._pixel(start),
                self._pixel(end),
                color,
                thickness,
                cv2.LINE_AA,
                tipLength=min(0.5, 10 / length),
            )

    def thread(self, start: np.ndarray, end: np.ndarray, color: tuple[int, int, int]) -> None:
        """Draw a thin line."""
        cv2.line(self.picture, self._pixel(start), self._pixel(end), color, self.line, cv2.LINE_AA)

    def _pixel(self, point: np.ndarray) -> tuple[int, int]:
        # OpenCV takes integers of 32 bits, and a network that has diverged predicts NaN.
        near = np.nan_to_num(np.clip(self.to_picture(np.asarray(point)), -FAR, FAR))
        x, y = (round(value) for value in near.tolist())
        return x, y


def skeleton_tile(
    person: Refinement,
    keypoints: np.ndarray,
    metainfo: dict[str, Any],
    side: int,
    before: np.ndarray | None = None,
) -> np.ndarray:
    """Draw the skeleton over the input. A line ties each missed joint to a ring at its annotation.

    Args:
        person: Provides input, annotation and unit.
        keypoints: (K, 2).
        metainfo: The dataset's parsed metainfo.
        side: The tile's longer side, px.
        before: (K, 2), from which arrows lead to joints that moved far; None draws no arrows.
    """
    canvas = Canvas(person.image, side)
    paths = person.paths
    drawn = drawn_joints(paths)
    canvas.skeleton(keypoints, drawn, metainfo)
    if before is not None:
        moved = np.linalg.norm(keypoints - before, axis=1) / paths.unit.size_px
        for joint in np.flatnonzero((moved > _FAR * paths.unit.threshold) & drawn):
            canvas.arrow(before[joint], keypoints[joint])
    ring_missed(canvas, paths, keypoints)
    return canvas.picture


def path_tile(person: Refinement, joint: int, side: int) -> np.ndarray:
    """Draw a joint's way from the first stack to the last over the input."""
    canvas = Canvas(person.image, side)
    ring_truth(canvas, person.paths, joint)
    way = person.paths.keypoints[:, joint]
    for start, end in pairwise(way):
        canvas.arrow(start, end)
    canvas.dot(way[-1])
    return canvas.picture


def ring_missed(canvas: Canvas, paths: JointPaths, keypoints: np.ndarray) -> None:
    """Tie every missed joint to a ring around its annotation. Inside, a joint is correct."""
    radius = paths.unit.threshold * paths.unit.size_px
    for point, truth in zip(keypoints, paths.truth, strict=True):
        if np.linalg.norm(point - truth) > radius:
            canvas.thread(point, truth, MISSED)
            canvas.ring(truth, radius, MISSED)


def heatmap_tile(
    person: Refinement,
    joint: int,
    heatmap: np.ndarray,
    keypoint: np.ndarray,
    side: int,
) -> np.ndarray:
    """Draw a joint's heatmap over the input, its keypoint, and a ring around the annotation.

    Args:
        person: As in `skeleton_tile`.
        joint: The joint's index.
        heatmap: (H, W).
        keypoint: (2,).
        side: The tile's longer side, px.
    """
    canvas = Canvas(person.image, side)
    canvas.heat(heatmap, person.placement, float(person.heatmaps[:, joint].max()))
    ring_truth(canvas, person.paths, joint)
    canvas.dot(keypoint)
    return canvas.picture


def ring_truth(canvas: Canvas, paths: JointPaths, joint: int) -> None:
    """Draw a ring around the joint's annotation, if it has one. Predictions inside are correct."""
    if paths.annotated[joint]:
        canvas.ring(paths.truth[joint], paths.unit.threshold * paths.unit.size_px, WHITE)


def drawn_joints(paths: JointPaths) -> np.ndarray:
    """Select the joints to draw, (K,) bool: the annotated ones, or all if none is annotated."""
    return paths.annotated if paths.annotated.any() else ~paths.annotated


def joint_color(metainfo: dict[str, Any], joint: int) -> tuple[int, int, int]:
    """Return a joint's color, BGR."""
    red, green, blue = (int(channel) for channel in metainfo["keypoint_colors"][joint])
    return blue, green, red


def joint_names(metainfo: dict[str, Any]) -> list[str]:
    """Return the joints' names as people write them: 'right elbow'."""
    names = metainfo["keypoint_id2name"]
    return [names[joint].replace("_", " ") for joint in range(len(names))]


def side_of(name: str) -> str:
    """Return the joint's side, one of `SIDES`."""
    side = name.partition(" ")[0]
    return side if side in SIDES else "middle"


def choose_joints(paths: JointPaths, number: int) -> list[int]:
    """Choose up to `number` joints that have something to show, the best first.

    First come joints that were missed after some stack. Among them, joints with a higher
    `correction_score` come first, then joints that moved farther in all. After these come joints
    that moved far enough for an arrow. If there are none of either kind, the result is the joint
    that moved farthest.
    """
    drawn = drawn_joints(paths)
    missed = (paths.errors > paths.unit.threshold).any(0)
    moved = paths.moved.sum(0)
    order = np.lexsort((-moved, -np.maximum(paths.correction_score, 0), ~missed, ~drawn))
    telling = drawn & (missed | (paths.moved > _FAR * paths.unit.threshold).any(0))
    return order[: min(number, max(1, telling.sum()))].tolist()


def find_joints(wanted: list[str], metainfo: dict[str, Any]) -> list[int]:
    """Find the indices of joints by name; `all` means all of them.

    Raises:
        InputError: The dataset has no such joint.
    """
    names = list(metainfo["keypoint_id2name"].values())
    if wanted == ["all"]:
        return list(range(len(names)))
    wanted = [name.replace(" ", "_") for name in wanted]
    if unknown := [name for name in wanted if name not in names]:
        raise InputError(f"no joint {', '.join(unknown)} in the dataset. It has {', '.join(names)}")
    return [names.index(name) for name in wanted]
