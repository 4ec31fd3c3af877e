"""Pose the kinematic tree: from joint angles to points and part frames in space.

Axes of a body and of each of its parts: x to the person's left, y up, z to the front
(right-handed). At rest the person stands upright, with arms and legs straight down. Lengths are in
statures (the height of the person standing upright), angles in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmhg.datasets.formats.mpii_mat import JOINTS

BONES = (
    (0, 1), (1, 2), (2, 6), (6, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9),
    (10, 11), (11, 12), (12, 7), (7, 13), (13, 14), (14, 15),
)  # fmt: skip
"""Pairs of joints that a drawn skeleton connects."""

SIDES = {"left": 1.0, "right": -1.0}

LIMITS = {
    "waist_bend": (-20, 60),
    "waist_side": (-28, 28),
    "waist_twist": (-35, 35),
    "neck_nod": (-35, 35),
    "neck_tilt": (-25, 25),
    "neck_turn": (-60, 60),
    "shoulder_raise": (2, 175),
    "shoulder_plane": (-40, 115),
    "shoulder_twist": (-95, 85),
    "elbow_flex": (0, 145),
    "wrist_flex": (-45, 55),
    "hip_flex": (-25, 120),
    "hip_abduct": (-8, 55),
    "hip_twist": (-25, 40),
    "knee_flex": (0, 140),
    "ankle_flex": (-20, 45),
}
"""Range of every angle. `raise` lifts the upper arm from its hanging position, in a vertical
plane. `plane` turns this plane from the side (0) to the front (90). `twist` turns the arm
inwards."""

_AXES = {"x": (1, 2, 0), "y": (2, 0, 1), "z": (0, 1, 2)}


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Return the right-handed rotation (3, 3) about a coordinate axis."""
    first, second, fixed = _AXES[axis]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.zeros((3, 3))
    matrix[fixed, fixed] = 1.0
    matrix[first, first] = matrix[second, second] = cos
    matrix[second, first] = sin
    matrix[first, second] = -sin
    return matrix


@dataclass(frozen=True)
class Proportions:
    """Hold the lengths of one person's body, in statures."""

    shin: float = 0.228
    thigh: float = 0.24
    hip_width: float = 0.104
    loin: float = 0.12
    chest: float = 0.18
    shoulder_width: float = 0.215
    neck: float = 0.042
    head: float = 0.14
    upper_arm: float = 0.172
    forearm: float = 0.148
    hand: float = 0.075
    foot: float = 0.11


@dataclass
class Skeleton:
    """Hold a posed skeleton.

    Attributes:
        joints: (16, 3) in MPII's order.
        points: all named points, each (3,).
        frames: named part frames, each (3, 3), columns = the part's left, up and front.
    """

    joints: np.ndarray
    points: dict[str, np.ndarray]
    frames: dict[str, np.ndarray]

    def moved(self, matrix: np.ndarray, shift: np.ndarray) -> Skeleton:
        """Return this skeleton rotated by `matrix` (3, 3), then shifted by `shift` (3,)."""
        return Skeleton(
            self.joints @ matrix.T + shift,
            {name: matrix @ point + shift for name, point in self.points.items()},
            {name: matrix @ frame for name, frame in self.frames.items()},
        )


def clip_to_limits(angles: dict[str, float]) -> dict[str, float]:
    """Clip angles to `LIMITS`. The angles of limbs are named `left_*` and `right_*`."""
    clipped = {}
    for name, value in angles.items():
        low, high = LIMITS[name.removeprefix("left_").removeprefix("right_")]
        clipped[name] = min(max(float(value), low), high)
    return clipped


def pose_skeleton(angles: dict[str, float], size: Proportions) -> Skeleton:
    """Pose a skeleton with its pelvis at the origin, facing +z."""
    points: dict[str, np.ndarray] = {}
    frames: dict[str, np.ndarray] = {"pelvis": np.eye(3)}
    up = np.array([0.0, 1.0, 0.0])
    front = np.array([0.0, 0.0, 1.0])
    left = np.array([1.0, 0.0, 0.0])

    half = (
        rotation("y", angles["waist_twist"] / 2)
        @ rotation("z", angles["waist_side"] / 2)
        @ rotation("x", angles["waist_bend"] / 2)
    )
    frames["loin"], frames["chest"] = half, half @ half
    points["pelvis"] = np.zeros(3)
    points["waist"] = size.loin * frames["loin"] @ up
    points["thorax"] = points["waist"] + size.chest * frames["chest"] @ up

    neck = (
        rotation("y", angles["neck_turn"])
        @ rotation("z", angles["neck_tilt"])
        @ rotation("x", angles["neck_nod"])
    )
    frames["head"] = frames["chest"] @ neck
    points["upper_neck"] = points["thorax"] + frames["chest"] @ (size.neck * up + 0.012 * front)
    points["head_top"] = points["upper_neck"] + frames["head"] @ (size.head * up + 0.004 * front)

    for side, sign in SIDES.items():
        angle = {
            name.removeprefix(side + "_"): value
            for name, value in angles.items()
            if name.startswith(side)
        }
        points[f"{side}_hip"] = sign * size.hip_width / 2 * left - 0.01 * up
        thigh = (
            rotation("z", sign * angle["hip_abduct"])
            @ rotation("x", -angle["hip_flex"])
            @ rotation("y", sign * angle["hip_twist"])
        )
        shin = thigh @ rotation("x", angle["knee_flex"])
        foot = shin @ rotation("x", angle["ankle_flex"])
        points[f"{side}_knee"] = points[f"{side}_hip"] - size.thigh * thigh @ up
        points[f"{side}_ankle"] = points[f"{side}_knee"] - size.shin * shin @ up
        points[f"{side}_heel"] = points[f"{side}_ankle"] + foot @ (-0.026 * up - 0.018 * front)
        points[f"{side}_toe"] = points[f"{side}_ankle"] + foot @ (
            (size.foot - 0.03) * front - 0.034 * up
        )

        points[f"{side}_shoulder"] = points["thorax"] + frames["chest"] @ (
            sign * size.shoulder_width / 2 * left - 0.008 * up
        )
        turn = rotation("y", -sign * angle["shoulder_plane"])
        upper_arm = frames["chest"] @ (
            turn
            @ rotation("z", sign * angle["shoulder_raise"])
            @ turn.T
            @ rotation("y", -sign * angle["shoulder_twist"])
        )
        forearm = upper_arm @ rotation("x", -angle["elbow_flex"])
        hand = forearm @ rotation("z", -sign * angle["wrist_flex"])
        points[f"{side}_elbow"] = points[f"{side}_shoulder"] - size.upper_arm * upper_arm @ up
        points[f"{side}_wrist"] = points[f"{side}_elbow"] - size.forearm * forearm @ up
        points[f"{side}_fingers"] = points[f"{side}_wrist"] - size.hand * hand @ up
        points[f"{side}_thumb"] = points[f"{side}_wrist"] + hand @ (
            0.028 * front - 0.5 * size.hand * up
        )
        for name, frame in (
            ("thigh", thigh),
            ("shin", shin),
            ("foot", foot),
            ("upper_arm", upper_arm),
            ("forearm", forearm),
            ("hand", hand),
        ):
            frames[f"{side}_{name}"] = frame

    joints = np.stack([points[name] for name in JOINTS])
    return Skeleton(joints, points, frames)
