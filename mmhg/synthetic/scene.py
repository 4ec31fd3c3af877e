"""Compose and render one image: people, objects in front of them, background and annotation.

Pixels are 0-based here. The center of the top left pixel is at (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from mmhg.synthetic.annotation import SyntheticPerson, head_box, hidden_joints
from mmhg.synthetic.background import paint_background
from mmhg.synthetic.body import FACE, dress, sample_appearance
from mmhg.synthetic.camera import BODY_TO_CAMERA, PinholeCamera
from mmhg.synthetic.levels import Level
from mmhg.synthetic.materials import HELD_OUT, TRAINING, Collection, Material
from mmhg.synthetic.posing import sample_proportions, sample_skeleton
from mmhg.synthetic.raster import SUPERSAMPLING, DepthBuffer, Surface
from mmhg.synthetic.shading import GRAIN_SIZE, shade
from mmhg.synthetic.skeleton import Skeleton, rotation
from mmhg.synthetic.things import build_thing

Rng = np.random.Generator
SPLITS = ("train", "val", "test")
ATTEMPTS = 8
"""An image that breaks the level's limits is composed up to this many times in all."""
FEWEST_ANNOTATED = 9
MARGIN = 5
"""Pixels between the image's border and a person who is completely inside."""


@dataclass(frozen=True)
class Plan:
    """Hold what the split's own seed decides about an image."""

    split: str
    index: int
    people: int
    together: bool


@dataclass
class Scene:
    """Hold an image (H, W, 3), RGB, uint8, and the people in it."""

    image: np.ndarray
    people: list[SyntheticPerson]


@dataclass
class _Composition:
    """Hold a scene in camera axes, before its pixels are colored."""

    width: int
    height: int
    camera: PinholeCamera
    skeletons: list[Skeleton] = field(default_factory=list)
    skulls: list[Surface] = field(default_factory=list)
    facing: list[float] = field(default_factory=list)
    surfaces: list[Surface] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)


def render(level: Level, seed: int, plan: Plan) -> Scene:
    """Render a planned image. The result depends only on the arguments."""
    collection = TRAINING if plan.split == "train" else HELD_OUT
    key = (SPLITS.index(plan.split), plan.index)
    for attempt in range(ATTEMPTS):
        scene = _compose(level, seed, (*key, attempt), plan, collection)
        buffer = DepthBuffer(scene.width, scene.height, scene.camera)
        buffer.draw(scene.surfaces)
        rng = _rng(seed, (*key, ATTEMPTS))
        people = [_annotate(rng, scene, buffer, person) for person in range(plan.people)]
        if all(_is_usable(person, level) for person in people):
            break
    grain = _rng(seed, (*key, ATTEMPTS + 1)).random((GRAIN_SIZE, GRAIN_SIZE), np.float32) - 0.5
    return Scene(_develop(rng, level, scene, buffer, collection, grain), people)


def _rng(seed: int, key: tuple[int, ...]) -> Rng:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _is_usable(person: SyntheticPerson, level: Level) -> bool:
    hidden = int((person.annotated & ~person.visible).sum())
    return int(person.annotated.sum()) >= FEWEST_ANNOTATED and hidden <= level.most_hidden


def _compose(
    level: Level, seed: int, key: tuple[int, ...], plan: Plan, collection: Collection
) -> _Composition:
    """Choose camera, people and objects. Person p is drawn from the seed (*key, p)."""
    rng = _rng(seed, key)
    stature, distance = rng.uniform(*level.stature), rng.uniform(*level.distance)
    spacing = 0.42 if plan.together else 0.85
    width = round(stature * (rng.uniform(1.4, 1.8) + spacing * (plan.people - 1)))
    height = round(stature * rng.uniform(1.3, 1.6))
    scene = _Composition(
        width, height, PinholeCamera(distance * stature, ((width - 1) / 2, (height - 1) / 2))
    )
    pitch = rng.uniform(*level.pitch)
    order = rng.permutation(plan.people)
    for person in range(plan.people):
        own = _rng(seed, (*key, person))
        column = width / 2 + stature * spacing * (person - (plan.people - 1) / 2)
        target = np.array([column, height / 2]) + stature * rng.normal(0, 0.08, 2)
        depth = distance + (order[person] * rng.uniform(0.3, 0.5) if plan.together else 0.0)
        size = sample_proportions(own)
        skeleton = sample_skeleton(own, size, level.variety, level.calm)
        facing, turn = _orientation(own, level, pitch)
        outside = own.random() < level.truncated
        skeleton = _place(own, scene, skeleton, turn, target, depth, outside)
        looks = sample_appearance(own, collection)
        surfaces = dress(skeleton, looks, person, len(scene.materials))
        skull = len(scene.materials) + FACE
        scene.skulls.append(next(s for s in surfaces if s.materials[0] == skull))
        scene.skeletons.append(skeleton)
        scene.facing.append(facing)
        scene.surfaces += surfaces
        scene.materials += looks.materials
        for _ in range(own.poisson(level.occluders)):
            surfaces, material = build_thing(own, skeleton, collection, len(scene.materials))
            scene.surfaces += surfaces
            scene.materials.append(material)
    return scene


def _orientation(rng: Rng, level: Level, pitch: float) -> tuple[float, np.ndarray]:
    """Draw the facing in degrees and the rotation (3, 3) from body to camera axes."""
    facing = rng.uniform(-level.facing, level.facing)
    upright = rng.random() < level.upright
    roll = np.clip(rng.normal(0, 9), -25, 25) if upright else rng.uniform(-level.roll, level.roll)
    # turning the body to its own right (clockwise from above) shows its left side
    body = rotation("z", -roll) @ rotation("x", pitch) @ rotation("y", -facing)
    return facing, BODY_TO_CAMERA @ body


def _place(
    rng: Rng,
    scene: _Composition,
    skeleton: Skeleton,
    turn: np.ndarray,
    target: np.ndarray,
    depth: float,
    outside: bool,
) -> Skeleton:
    """Place a skeleton with its box centered on `target`, or as near as the image allows."""
    size = np.array([scene.width, scene.height])
    root = np.array([0.0, 0.0, depth])
    for _ in range(3):
        pixels = scene.camera.project(skeleton.joints @ turn.T + root)
        low, high = pixels.min(0), pixels.max(0)
        half = (high - low) / 2 + MARGIN
        goal = np.clip(target, np.minimum(half, size / 2), np.maximum(size - half, size / 2))
        root[:2] += (goal - (low + high) / 2) * depth / scene.camera.focal
    if outside:
        axis, sign = rng.integers(2), rng.choice([-1, 1])
        lack = half[axis] * rng.uniform(0.1, 0.6)
        room = size[axis] / 2 - half[axis]
        shift = (goal[axis] - size[axis] / 2) * -1 + sign * (room + lack)
        root[axis] += shift * depth / scene.camera.focal
    return skeleton.moved(turn, root)


def _annotate(rng: Rng, scene: _Composition, buffer: DepthBuffer, person: int) -> SyntheticPerson:
    skeleton, camera = scene.skeletons[person], scene.camera
    joints = camera.project(skeleton.joints)
    annotated = np.all(
        (joints >= -0.5) & (joints < (scene.width - 0.5, scene.height - 0.5)), axis=1
    )
    stature = float(camera.scale(skeleton.points["pelvis"][2]))
    seen = joints[annotated] if annotated.any() else joints
    center = (seen.min(0) + seen.max(0)) / 2 + stature * np.clip(
        rng.normal(0, 0.012, 2), -0.03, 0.03
    )
    return SyntheticPerson(
        joints=joints,
        annotated=annotated,
        visible=~hidden_joints(skeleton, person, scene.surfaces, buffer),
        head_box=head_box(scene.skulls[person], skeleton, camera),
        center=center,
        scale=stature / 200,
        facing=scene.facing[person],
    )


def _develop(
    rng: Rng,
    level: Level,
    scene: _Composition,
    buffer: DepthBuffer,
    collection: Collection,
    grain: np.ndarray,
) -> np.ndarray:
    """Shade the foreground and put it before a background, on which it casts a shadow."""
    width, height = scene.width, scene.height
    light = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.9, -0.2), -rng.uniform(0.4, 1.0)])
    light /= np.linalg.norm(light)
    fragments = buffer.fragments()
    colors = shade(
        buffer, fragments, scene.surfaces, scene.materials, light, rng.uniform(0.4, 0.65), grain
    )
    layer: np.ndarray = np.zeros((buffer.depth.size, 4), np.float32)
    layer[fragments.index, :3] = colors
    layer[fragments.index, 3] = 1
    layer = cv2.resize(
        layer.reshape(*buffer.depth.shape, 4), (width, height), interpolation=cv2.INTER_AREA
    )
    assert buffer.depth.shape == (height * SUPERSAMPLING, width * SUPERSAMPLING)

    backdrop = paint_background(rng, width, height, collection, level.clutter, level.blur)
    cover = layer[..., 3]
    offset = -light[:2] * rng.uniform(0.02, 0.12) * height
    shift = np.array([[1, 0, offset[0]], [0, 1, offset[1]]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(cover, shift, (width, height)), (0, 0), height / 50)
    backdrop *= 1 - rng.uniform(0.1, 0.5) * shadow[..., None]
    image = layer[..., :3] + (1 - cover[..., None]) * backdrop
    tint = rng.uniform(0.9, 1.1) * rng.uniform(0.95, 1.05, 3).astype(np.float32)
    noise = rng.standard_normal((height, width, 1), np.float32) * rng.uniform(0.005, 0.02)
    return np.clip(255 * (image * tint + noise) + 0.5, 0, 255).astype(np.uint8)
