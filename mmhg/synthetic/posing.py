"""Draw a pose: an activity of the legs, a gesture of each arm, and noise on every angle."""

from __future__ import annotations

import numpy as np

from mmhg.synthetic.skeleton import Proportions, Skeleton, clip_to_limits, pose_skeleton

Rng = np.random.Generator

GESTURES = {
    # raise, plane, twist, elbow: (mean, spread) each
    "hang": ((12, 8), (20, 25), (15, 20), (18, 16)),
    "akimbo": ((42, 9), (-8, 10), (62, 10), (95, 14)),
    "up": ((148, 18), (25, 25), (0, 35), (30, 28)),
    "sideways": ((88, 18), (8, 15), (0, 35), (22, 20)),
    "wave": ((82, 16), (8, 15), (-78, 12), (85, 25)),
    "reach": ((72, 22), (75, 18), (15, 25), (35, 28)),
    "folded": ((48, 14), (55, 16), (40, 15), (105, 18)),
}
"""Typical shoulder and elbow angles of an arm."""

DOWN = ("hang", "akimbo")
CALM = ("stand", "walk")
ACTIVE = ("stride", "wide", "crouch", "sit", "raise")

TRIES = 12


def sample_proportions(rng: Rng) -> Proportions:
    """Draw the lengths of one body. Left and right limbs have equal lengths."""
    typical = Proportions()
    spread = {"hip_width": 0.08, "shoulder_width": 0.08, "hand": 0.08, "head": 0.05}
    return Proportions(
        **{
            name: value * (1 + np.clip(rng.normal(0, spread.get(name, 0.045)), -0.12, 0.12))
            for name, value in vars(typical).items()
        }
    )


def sample_skeleton(rng: Rng, size: Proportions, variety: float, calm: float) -> Skeleton:
    """Draw a skeleton within the joints' limits whose arms do not run through the body.

    Args:
        rng: the random generator.
        size: lengths of the body.
        variety: factor on the spread of the angles.
        calm: share of people who stand or walk; their arms are more often down than up.
    """
    is_calm = rng.random() < calm
    angles = _trunk(rng, variety) | _legs(rng, variety, is_calm)
    bend = max(angles["left_hip_flex"] + angles["right_hip_flex"] - 60, 0) * rng.uniform(0.1, 0.35)
    angles["waist_bend"] += bend
    for _ in range(TRIES):
        for side in ("left", "right"):
            angles |= _arm(rng, side, variety, is_calm)
        skeleton = pose_skeleton(clip_to_limits(angles), size)
        if not _arms_cut_body(skeleton):
            break
    return skeleton


def _trunk(rng: Rng, variety: float) -> dict[str, float]:
    return {
        "waist_bend": rng.normal(4, 9 * variety),
        "waist_side": rng.normal(0, 8 * variety),
        "waist_twist": rng.normal(0, 10 * variety),
        "neck_nod": rng.normal(2, 12 * variety),
        "neck_tilt": rng.normal(0, 9 * variety),
        "neck_turn": rng.normal(0, 22 * variety),
    }


def _legs(rng: Rng, variety: float, calm: bool) -> dict[str, float]:
    lead, rear = rng.permutation(["left", "right"])
    activity = rng.choice(CALM if calm else ACTIVE)
    hip = {lead: rng.normal(2, 6), rear: rng.normal(0, 6)}
    abduct = {side: rng.normal(5, 4) for side in (lead, rear)}
    knee = {side: abs(rng.normal(0, 9)) for side in (lead, rear)}
    if activity == "walk":
        hip = {lead: rng.uniform(5, 28), rear: rng.uniform(-18, 0)}
        knee = {lead: rng.uniform(0, 25), rear: rng.uniform(0, 35)}
    elif activity == "stride":
        hip = {lead: rng.uniform(12, 55), rear: rng.uniform(-24, 2)}
        knee = {lead: rng.uniform(0, 50), rear: rng.uniform(5, 75)}
    elif activity == "wide":
        abduct = {side: rng.uniform(10, 38) for side in (lead, rear)}
        knee = {side: rng.uniform(0, 40) for side in (lead, rear)}
        hip = {side: rng.uniform(0, 30) for side in (lead, rear)}
    elif activity in ("crouch", "sit"):
        depth = rng.uniform(45, 105) if activity == "crouch" else rng.uniform(75, 100)
        hip = {side: depth + rng.normal(0, 9) for side in (lead, rear)}
        bent = 1.15 * depth if activity == "crouch" else rng.uniform(50, 105)
        knee = {side: bent + rng.normal(0, 12) for side in (lead, rear)}
        abduct = {side: rng.uniform(2, 35) for side in (lead, rear)}
    elif activity == "raise":
        hip[lead], knee[lead] = rng.uniform(35, 110), rng.uniform(0, 120)
        abduct[lead] = rng.uniform(-4, 45)
    angles = {}
    for side in (lead, rear):
        angles[f"{side}_hip_flex"] = hip[side] + rng.normal(0, 5 * variety)
        angles[f"{side}_hip_abduct"] = abduct[side] + rng.normal(0, 3 * variety)
        angles[f"{side}_hip_twist"] = rng.normal(6, 9 * variety)
        angles[f"{side}_knee_flex"] = knee[side] + rng.normal(0, 5 * variety)
        angles[f"{side}_ankle_flex"] = rng.normal(2, 10 * variety)
    return angles


def _arm(rng: Rng, side: str, variety: float, calm: bool) -> dict[str, float]:
    down = 4.0 if calm else 1.0
    weights = np.array([down if name in DOWN else 1.0 for name in GESTURES])
    gesture = GESTURES[rng.choice(list(GESTURES), p=weights / weights.sum())]
    raised, plane, twist, flex = (
        mean + variety * spread * rng.normal() for mean, spread in gesture
    )
    return {
        f"{side}_shoulder_raise": raised,
        f"{side}_shoulder_plane": plane,
        f"{side}_shoulder_twist": twist,
        f"{side}_elbow_flex": abs(flex),
        f"{side}_wrist_flex": rng.normal(5, 18 * variety),
    }


def _arms_cut_body(skeleton: Skeleton) -> bool:
    """Tell whether an elbow, wrist or hand lies inside the trunk, the head or a thigh."""
    points = skeleton.points
    ends = np.stack(
        [
            points[f"{side}_{end}"]
            for side in ("left", "right")
            for end in ("elbow", "wrist", "fingers")
        ]
    )
    frame, chest = skeleton.frames["chest"], (points["thorax"] + points["waist"]) / 2
    local = (ends - chest) @ frame
    if np.any(
        (local[:, 0] / 0.115) ** 2 + (local[:, 2] / 0.09) ** 2 + (local[:, 1] / 0.16) ** 2 < 1
    ):
        return True
    blobs = [
        (points["pelvis"], points["waist"], 0.085),
        (points["upper_neck"], points["head_top"], 0.07),
        *((points[f"{side}_hip"], points[f"{side}_knee"], 0.06) for side in ("left", "right")),
    ]
    return any(_distance_to_segment(ends, *segment).min() < radius for *segment, radius in blobs)


def _distance_to_segment(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return distances (P,) of points (P, 3) from the segment between two points (3,)."""
    axis = end - start
    along = np.clip((points - start) @ axis / (axis @ axis), 0, 1)
    return np.linalg.norm(points - start - along[:, None] * axis, axis=1)
