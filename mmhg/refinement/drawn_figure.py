"""Draw a plain figure from a person's annotation, to show in place of a photograph.

Photographs of a data set may not be published with the pictures that are made from them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.refinement.paths import Refinement

_GROUND, _BODY = (236, 234, 230), (176, 170, 164)
"""BGR."""

_LIMB = 0.07
"""Width of a limb / longer side of the figure."""

_DETAIL = 4
"""The figure is drawn this many times larger, and reduced, for smooth edges."""


def as_drawn_figure(person: Refinement, metainfo: dict[str, Any]) -> Refinement:
    """Replace the input's picture by a figure with the annotated joints.

    Args:
        person: Has an annotation.
        metainfo: The dataset's parsed metainfo, whose skeleton links give the limbs.

    Raises:
        InputError: The person has no annotated joint.
    """
    annotated = person.paths.annotated
    if not annotated.any():
        raise InputError(f"{person.title} cannot be drawn: no joint is annotated")
    points = (person.paths.truth + 0.5) * _DETAIL - 0.5
    shown = points[annotated]
    limb = max(1, round(_LIMB * float(np.ptp(shown, axis=0).max())))
    height, width = person.image.shape[:2]
    picture = np.full((height * _DETAIL, width * _DETAIL, 3), _GROUND, np.uint8)
    for start, end in metainfo["skeleton_links"]:
        if annotated[start] and annotated[end]:
            ends = [tuple(points[joint].round().astype(int).tolist()) for joint in (start, end)]
            cv2.line(picture, ends[0], ends[1], _BODY, limb, cv2.LINE_AA)
    for corners in _torso_and_head(points, annotated, metainfo, limb):
        cv2.fillConvexPoly(picture, corners, _BODY, cv2.LINE_AA)
    image = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return replace(person, image=image)


def _torso_and_head(
    points: np.ndarray, annotated: np.ndarray, metainfo: dict[str, Any], limb: int
) -> list[np.ndarray]:
    """Outline the parts that are wider than limbs, where the dataset names their joints."""
    index = metainfo["keypoint_name2id"]

    def known(*names: str) -> bool:
        return all(name in index and annotated[index[name]] for name in names)

    outlines = []
    torso = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
    if known(*torso):
        corners = points[[index[name] for name in torso]].round().astype(np.int32)
        outlines.append(cv2.convexHull(corners))
    for neck in ("upper_neck", "neck"):
        if known(neck, "head_top"):
            chin, top = points[index[neck]], points[index["head_top"]]
            center = tuple(((chin + top) / 2).round().astype(int).tolist())
            length = float(np.linalg.norm(top - chin))
            angle = round(float(np.degrees(np.arctan2(*(top - chin)[::-1]))))
            axes = (max(1, round(length / 2)), max(1, round(max(0.36 * length, limb / 2))))
            outlines.append(np.array(cv2.ellipse2Poly(center, axes, angle, 0, 360, 10)))
            break
    return outlines
