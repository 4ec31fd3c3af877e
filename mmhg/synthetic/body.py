"""Build a person's flesh, hair and clothes over a skeleton."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmhg.datasets.formats.mpii_mat import JOINTS
from mmhg.synthetic.materials import HAIRS, Collection, Material, cloth, skin
from mmhg.synthetic.raster import Surface
from mmhg.synthetic.skeleton import Skeleton

Rng = np.random.Generator
SKIN, FACE, HAIR, SHIRT, SLEEVES, TROUSERS, LEGS, SHOES = range(8)
"""Positions in a person's list of materials. Sleeves and legs carry no detail."""


@dataclass
class Appearance:
    """Describe the looks of a person.

    Attributes:
        materials: one for each role, `SKIN` ... `SHOES`.
        bulk: factors on the radius of trunk, arms and legs.
        sleeve: length of the sleeves in bones; 1 ends at the elbow, 2 at the wrist.
        leg: length of the trouser legs in bones; 1 ends at the knee, 2 at the ankle.
        skirt: True if the person wears a skirt instead of trousers.
        long_hair: length of the hair behind the head in statures, 0 for short hair.
        cap: True if a peaked cap covers the hair.
    """

    materials: list[Material]
    bulk: tuple[float, float, float]
    sleeve: float
    leg: float
    skirt: bool
    long_hair: float
    cap: bool


def sample_appearance(rng: Rng, collection: Collection) -> Appearance:
    """Draw a person's looks from the clothes of a collection."""
    tone, hair = skin(rng), HAIRS[rng.integers(len(HAIRS))] * rng.uniform(0.8, 1.15)
    plain_skin = Material(np.stack([tone, tone]), roughness=0.06, gloss=0.06)
    lips = 0.6 * tone + 0.4 * np.array([0.7, 0.15, 0.2])
    iris = np.array([0.1, 0.1, 0.15])
    face = Material(
        np.stack([tone, tone]), roughness=0.06, gloss=0.05, detail="face",
        accents=np.stack([hair, iris, lips]),
    )  # fmt: skip
    cap = bool(rng.random() < 0.15)
    head = (
        cloth(rng, collection, plain=1.0)
        if cap
        else Material(np.stack([hair, hair]), None, 20, 0.5)
    )

    shirt = cloth(rng, collection, plain=0.5)
    sleeves = Material(**vars(shirt))
    if rng.random() < 0.12:
        sleeves = cloth(rng, collection, plain=1.0)
    shirt.detail = str(rng.choice(["shirt_front", "jacket", "print"]))
    shirt.accents = np.stack([tone, collection.color(rng)])
    trousers = cloth(rng, collection, plain=0.8)
    legs = Material(**vars(trousers))
    trousers.detail, trousers.accents = "belt", np.array([[0.12, 0.08, 0.05], [0.8, 0.7, 0.4]])
    skirt = bool(rng.random() < 0.12)
    return Appearance(
        materials=[
            plain_skin, face, head, shirt, sleeves, trousers, legs,
            cloth(rng, collection, plain=1.0),
        ],
        bulk=tuple(rng.uniform(0.92, 1.25) * rng.uniform(0.92, 1.08, 3)),
        sleeve=float(rng.choice([0, rng.uniform(0.35, 0.9), rng.uniform(1.2, 1.7), 1.95])),
        leg=float(
            rng.uniform(0.5, 0.95) if skirt else rng.choice([rng.uniform(0.4, 0.9), 1.5, 1.95])
        ),
        skirt=skirt,
        long_hair=float(rng.choice([0, 0, rng.uniform(0.05, 0.14)])),
        cap=cap,
    )  # fmt: skip


def dress(skeleton: Skeleton, looks: Appearance, person: int, first_material: int) -> list[Surface]:
    """Build all surfaces of a person.

    The person's materials start at `first_material` in the scene's list of materials.
    """
    builder = _Builder(skeleton, person, first_material)
    _build_trunk(builder, looks)
    _build_head(builder, looks)
    for side in ("left", "right"):
        _build_arm(builder, looks, side)
        _build_leg(builder, looks, side)
    return builder.surfaces


class _Builder:
    """Collect one person's surfaces."""

    def __init__(self, skeleton: Skeleton, person: int, first_material: int) -> None:
        self.skeleton = skeleton
        self.surfaces: list[Surface] = []
        self._person = person
        self._first = first_material

    def at(
        self, anchor: str, part: str, x: float = 0.0, y: float = 0.0, z: float = 0.0
    ) -> np.ndarray:
        """Return the point (3,) at an offset from a named point, in a part's axes."""
        return self.skeleton.points[anchor] + self.skeleton.frames[part] @ np.array([x, y, z])

    def add(
        self,
        start: np.ndarray,
        end: np.ndarray,
        radii: tuple[float, float],
        part: str,
        origin: np.ndarray,
        materials: tuple[int, int],
        joints: tuple[str, ...],
        split: float = 1.0,
    ) -> None:
        self.surfaces.append(
            Surface(
                ends=np.stack([start, end]),
                radii=radii,
                frame=self.skeleton.frames[part],
                origin=origin,
                materials=(materials[0] + self._first, materials[1] + self._first),
                split=split,
                person=self._person,
                joints=frozenset(JOINTS.index(joint) for joint in joints),
            )
        )


def _build_trunk(builder: _Builder, looks: Appearance) -> None:
    bulk = looks.bulk[0]
    points, at = builder.skeleton.points, builder.at
    pelvis = points["pelvis"]
    hips = ("left_hip", "right_hip", "pelvis")
    builder.add(
        at("pelvis", "pelvis", 0.045, 0.008, -0.004),
        at("pelvis", "pelvis", -0.045, 0.008, -0.004),
        (0.064 * bulk, 0.064 * bulk), "pelvis", pelvis, (TROUSERS, TROUSERS), hips,
    )  # fmt: skip
    chest_origin = points["waist"]
    shirt = (SHIRT, SHIRT)
    for sign in (1, -1):
        builder.add(
            at("pelvis", "loin", sign * 0.036, 0.03),
            at("waist", "loin", sign * 0.034, 0.0),
            (0.058 * bulk, 0.054 * bulk), "loin", pelvis, shirt, hips,
        )  # fmt: skip
        shoulder = "left_shoulder" if sign == 1 else "right_shoulder"
        builder.add(
            at("waist", "chest", sign * 0.034, -0.01),
            at("waist", "chest", sign * 0.048, 0.118, 0.004),
            (0.054 * bulk, 0.066 * bulk), "chest", chest_origin, shirt,
            ("thorax", shoulder, "pelvis"),
        )  # fmt: skip
        builder.add(
            at("thorax", "chest", 0, 0.012, 0.0),
            at(shoulder, "chest", -sign * 0.012, -0.006),
            (0.036, 0.038 * bulk), "chest", chest_origin, shirt,
            ("thorax", "upper_neck", shoulder),
        )  # fmt: skip


def _build_head(builder: _Builder, looks: Appearance) -> None:
    at = builder.at
    joints = ("upper_neck", "head_top")
    builder.add(
        at("thorax", "chest", 0, 0.0, 0.002),
        at("upper_neck", "head", 0, 0.02, -0.004),
        (0.032 * looks.bulk[0], 0.028), "chest", at("waist", "chest"), (SKIN, SKIN),
        ("thorax", "upper_neck"),
    )  # fmt: skip
    center = at("head_top", "head", 0, -0.062, 0.0)
    face = (FACE, FACE)
    builder.add(
        at("head_top", "head", 0, -0.062, -0.006), at("head_top", "head", 0, -0.108, 0.014),
        (0.054, 0.037), "head", center, face, joints,
    )  # fmt: skip
    builder.add(
        at("head_top", "head", 0, -0.062, 0.045), at("head_top", "head", 0, -0.08, 0.055),
        (0.006, 0.009), "head", center, (SKIN, SKIN), joints,
    )  # fmt: skip
    for sign in (1, -1):
        builder.add(
            at("head_top", "head", sign * 0.05, -0.06, -0.004),
            at("head_top", "head", sign * 0.047, -0.078, -0.004),
            (0.011, 0.008), "head", center, (SKIN, SKIN), joints,
        )  # fmt: skip
    hair = (HAIR, HAIR)
    builder.add(
        at("head_top", "head", 0, -0.054, -0.012), at("head_top", "head", 0, -0.052, 0.0),
        (0.056, 0.05), "head", center, hair, joints,
    )  # fmt: skip
    if looks.cap:
        for sign in (1, -1):
            builder.add(
                at("head_top", "head", sign * 0.02, -0.034, 0.03),
                at("head_top", "head", sign * 0.014, -0.042, 0.082),
                (0.012, 0.008), "head", center, hair, joints,
            )  # fmt: skip
    if looks.long_hair:
        for sign in (1, -1):
            builder.add(
                at("head_top", "head", sign * 0.022, -0.07, -0.024),
                at("head_top", "head", sign * 0.02, -0.09 - looks.long_hair, -0.05),
                (0.042, 0.026), "head", center, hair, (*joints, "thorax"),
            )  # fmt: skip


def _build_arm(builder: _Builder, looks: Appearance, side: str) -> None:
    bulk, sleeve = looks.bulk[1], looks.sleeve
    points = builder.skeleton.points
    shoulder, elbow, wrist = (points[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    materials = (SLEEVES, SKIN)
    builder.add(
        shoulder, elbow, (0.037 * bulk, 0.027 * bulk), f"{side}_upper_arm", shoulder, materials,
        (f"{side}_shoulder", f"{side}_elbow"), split=sleeve,
    )  # fmt: skip
    builder.add(
        elbow, wrist, (0.027 * bulk, 0.019 * bulk), f"{side}_forearm", elbow,
        materials if sleeve > 1 else (SKIN, SKIN), (f"{side}_elbow", f"{side}_wrist"),
        split=sleeve - 1,
    )  # fmt: skip
    for end, radii in (("fingers", (0.02, 0.015)), ("thumb", (0.012, 0.008))):
        builder.add(
            wrist, points[f"{side}_{end}"], radii, f"{side}_hand", wrist, (SKIN, SKIN),
            (f"{side}_wrist",),
        )  # fmt: skip


def _build_leg(builder: _Builder, looks: Appearance, side: str) -> None:
    bulk, leg = looks.bulk[2], looks.leg
    points = builder.skeleton.points
    hip, knee, ankle = (points[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    materials = (LEGS, SKIN)
    thigh_joints = (f"{side}_hip", f"{side}_knee", "pelvis")
    builder.add(
        hip, knee, (0.056 * bulk, 0.039 * bulk), f"{side}_thigh", hip, materials, thigh_joints,
        split=leg,
    )  # fmt: skip
    if looks.skirt:
        builder.add(
            hip, hip + leg * (knee - hip), (0.062 * bulk, 0.074 * bulk), f"{side}_thigh", hip,
            (LEGS, LEGS), thigh_joints,
        )  # fmt: skip
    shin_materials = materials if leg > 1 else (SKIN, SKIN)
    shin_joints = (f"{side}_knee", f"{side}_ankle")
    calf = builder.at(f"{side}_knee", f"{side}_shin", 0, -0.07, -0.012)
    builder.add(
        knee, ankle, (0.039 * bulk, 0.024 * bulk), f"{side}_shin", knee,
        shin_materials, shin_joints,
        split=leg - 1,
    )  # fmt: skip
    builder.add(
        calf, 0.55 * calf + 0.45 * ankle, (0.036 * bulk, 0.026 * bulk), f"{side}_shin", knee,
        (LEGS, LEGS) if leg > 1.5 else (SKIN, SKIN), shin_joints,
    )  # fmt: skip
    for end, radii in (("heel", (0.024, 0.022)), ("toe", (0.026, 0.02))):
        builder.add(
            ankle, points[f"{side}_{end}"], radii, f"{side}_foot", ankle, (SHOES, SHOES),
            (f"{side}_ankle",),
        )  # fmt: skip
