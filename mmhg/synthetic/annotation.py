"""Annotate a person in an image: joints, visibility, head box, center and scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmhg.datasets.formats.mpii_mat import JOINTS
from mmhg.synthetic.camera import PinholeCamera
from mmhg.synthetic.raster import DepthBuffer, Surface
from mmhg.synthetic.skeleton import Skeleton

FLESH = {
    "ankle": 0.05,
    "knee": 0.065,
    "hip": 0.115,
    "pelvis": 0.13,
    "thorax": 0.11,
    "upper_neck": 0.1,
    "head_top": 0.11,
    "wrist": 0.05,
    "elbow": 0.055,
    "shoulder": 0.09,
}
"""The depth below its own flesh at which a joint still counts as visible, in statures. The far hip
and the far shoulder of a person seen from the side lie deeper."""

THICKNESS = np.array([FLESH[name.removeprefix("left_").removeprefix("right_")] for name in JOINTS])
PROBE = 0.012
"""Half the side of the square, in statures, that is probed around a joint. The joint is visible if
most of the square shows it."""

HEAD_BOX_MARGIN = 1.1
"""MPII's head boxes are a little larger than the skull and reach down to the neck."""


@dataclass
class SyntheticPerson:
    """Hold one person's annotation. Pixels are 0-based.

    Attributes:
        joints: (16, 2), pixels.
        annotated: (16,), True for joints inside the image.
        visible: (16,), True for joints that only their own flesh covers.
        head_box: (4,), x1 y1 x2 y2.
        center: (2,), pixels, MPII's objpos.
        scale: height of the person standing upright, in pixels, divided by 200.
        facing: degrees, 0 when the pelvis points to the camera, positive when it turns to the
            person's right and so shows the left side.
    """

    joints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    head_box: np.ndarray
    center: np.ndarray
    scale: float
    facing: float


def hidden_joints(
    skeleton: Skeleton, person: int, surfaces: list[Surface], buffer: DepthBuffer
) -> np.ndarray:
    """Find the joints (16,) that something other than their own flesh covers."""
    depth = skeleton.joints[:, 2]
    radius = PROBE * buffer.camera.scale(depth)
    offsets = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(1, 9, 2)
    probes = buffer.camera.project(skeleton.joints)[:, None] + offsets * radius[:, None, None]
    number, front = buffer.surface_at(probes)
    own = np.zeros(number.shape, bool)
    for joint in range(len(JOINTS)):
        own[joint] = [
            n >= 0 and surfaces[n].person == person and joint in surfaces[n].joints
            for n in number[joint]
        ]
    gap = depth[:, None] - front
    hidden = (number >= 0) & np.where(own, gap > THICKNESS[:, None], gap > 0)
    return hidden.mean(axis=1) > 0.5


def head_box(skull: Surface, skeleton: Skeleton, camera: PinholeCamera) -> np.ndarray:
    """Return the box (4,) around the skull and the upper neck."""
    middle = camera.project(skull.ends)
    radius = (np.asarray(skull.radii) * camera.scale(skull.ends[:, 2]))[:, None]
    ends = camera.project(skeleton.joints[[JOINTS.index("upper_neck"), JOINTS.index("head_top")]])
    outline = np.concatenate([middle - radius, middle + radius, ends])
    low, high = outline.min(0), outline.max(0)
    middle, half = (low + high) / 2, HEAD_BOX_MARGIN * (high - low) / 2
    return np.concatenate([middle - half, middle + half])
