"""One picture: who stands where, what is in front of them, how it looks and what is true of it.

Pixels are 0-based here, with the centre of the top left pixel at (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from mmhg.synthetic.annotation import Person, head_box, hidden_joints
from mmhg.synthetic.background import paint_background
from mmhg.synthetic.body import FACE, dress, sample_appearance
from mmhg.synthetic.camera import BODY_TO_CAMERA, Camera
from mmhg.synthetic.levels import Level
from mmhg.synthetic.materials import HELD_OUT, TRAINING, Collection, Material
from mmhg.synthetic.posing import sample_proportions, sample_skeleton
from mmhg.synthetic.raster import SUPERSAMPLING, Canvas, Surface
from mmhg.synthetic.shading import GRAIN_SIZE, shade
from mmhg.synthetic.skeleton import Skeleton, rotation
from mmhg.synthetic.things import build_thing

Rng = np.random.Generator
SPLITS = ("train", "val", "test")
ATTEMPTS = 8
"""How often a picture is composed anew before it is taken as it is."""
FEWEST_ANNOTATED = 9
MARGIN = 5
"""Pixels between a person who is wholly in the picture and its border."""


@dataclass(frozen=True)
class Plan:
    """What the split's own seed decides about a picture."""

    split: str
    index: int
    people: int
    together: bool


@dataclass
class Scene:
    """A picture (H, W, 3), RGB, uint8, and the people in it."""

    picture: np.ndarray
    people: list[Person]


@dataclass
class _Set:
    """A scene before it is developed, in camera axes."""

    width: int
    height: int
    camera: Camera
    skeletons: list[Skeleton] = field(default_factory=list)
    skulls: list[Surface] = field(default_factory=list)
    facing: list[float] = field(default_factory=list)
    surfaces: list[Surface] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)


def render(level: Level, seed: int, plan: Plan) -> Scene:
    """Render a planned picture; the outcome depends on nothing but the arguments."""
    collection = TRAINING if plan.split == "train" else HELD_OUT
    key = (SPLITS.index(plan.split), plan.index)
    for attempt in range(ATTEMPTS):
        scene = _compose(level, seed, (*key, attempt), plan, collection)
        canvas = Canvas(scene.width, scene.height, scene.camera)
        canvas.draw(scene.surfaces)
        rng = _rng(seed, (*key, ATTEMPTS))
        people = [_annotate(rng, scene, canvas, person) for person in range(plan.people)]
        if all(_is_usable(person, level) for person in people):
            break
    grain = _rng(seed, (*key, ATTEMPTS + 1)).random((GRAIN_SIZE, GRAIN_SIZE), np.float32) - 0.5
    return Scene(_develop(rng, level, scene, canvas, collection, grain), people)


def _rng(seed: int, key: tuple[int, ...]) -> Rng:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _is_usable(person: Person, level: Level) -> bool:
    hidden = int((person.annotated & ~person.visible).sum())
    return int(person.annotated.sum()) >= FEWEST_ANNOTATED and hidden <= level.most_hidden


def _compose(
    level: Level, seed: int, key: tuple[int, ...], plan: Plan, collection: Collection
) -> _Set:
    """Choose camera, people and things; person p is drawn from the seed (*key, p)."""
    rng = _rng(seed, key)
    stature, distance = rng.uniform(*level.stature), rng.uniform(*level.distance)
    spacing = 0.42 if plan.together else 0.85
    width = round(stature * (rng.uniform(1.4, 1.8) + spacing * (plan.people - 1)))
    height = round(stature * rng.uniform(1.3, 1.6))
    scene = _Set(width, height, Camera(distance * stature, ((width - 1) / 2, (height - 1) / 2)))
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
    """Facing in degrees and the rotation (3, 3) from body to camera axes."""
    facing = rng.uniform(-level.facing, level.facing)
    upright = rng.random() < level.upright
    roll = np.clip(rng.normal(0, 9), -25, 25) if upright else rng.uniform(-level.roll, level.roll)
    # turning the body to its own right (clockwise from above) shows its left side
    body = rotation("z", -roll) @ rotation("x", pitch) @ rotation("y", -facing)
    return facing, BODY_TO_CAMERA @ body


def _place(
    rng: Rng,
    scene: _Set,
    skeleton: Skeleton,
    turn: np.ndarray,
    target: np.ndarray,
    depth: float,
    outside: bool,
) -> Skeleton:
    """Put a skeleton so that its box is centred on `target`, or as near as it fits the picture."""
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


def _annotate(rng: Rng, scene: _Set, canvas: Canvas, person: int) -> Person:
    skeleton, camera = scene.skeletons[person], scene.camera
    joints = camera.project(skeleton.joints)
    annotated = np.all(
        (joints >= -0.5) & (joints < (scene.width - 0.5, scene.height - 0.5)), axis=1
    )
    stature = float(camera.scale(skeleton.points["pelvis"][2]))
    seen = joints[annotated] if annotated.any() else joints
    centre = (seen.min(0) + seen.max(0)) / 2 + stature * np.clip(
        rng.normal(0, 0.012, 2), -0.03, 0.03
    )
    return Person(
        joints=joints,
        annotated=annotated,
        visible=~hidden_joints(skeleton, person, scene.surfaces, canvas),
        head_box=head_box(scene.skulls[person], skeleton, camera),
        centre=centre,
        scale=stature / 200,
        facing=scene.facing[person],
    )


def _develop(
    rng: Rng,
    level: Level,
    scene: _Set,
    canvas: Canvas,
    collection: Collection,
    grain: np.ndarray,
) -> np.ndarray:
    """Shade the foreground, put it before a background that it casts a shadow on."""
    width, height = scene.width, scene.height
    light = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.9, -0.2), -rng.uniform(0.4, 1.0)])
    light /= np.linalg.norm(light)
    fragments = canvas.fragments()
    colours = shade(
        canvas, fragments, scene.surfaces, scene.materials, light, rng.uniform(0.4, 0.65), grain
    )
    layer: np.ndarray = np.zeros((canvas.depth.size, 4), np.float32)
    layer[fragments.index, :3] = colours
    layer[fragments.index, 3] = 1
    layer = cv2.resize(
        layer.reshape(*canvas.depth.shape, 4), (width, height), interpolation=cv2.INTER_AREA
    )
    assert canvas.depth.shape == (height * SUPERSAMPLING, width * SUPERSAMPLING)

    backdrop = paint_background(rng, width, height, collection, level.clutter, level.blur)
    cover = layer[..., 3]
    offset = -light[:2] * rng.uniform(0.02, 0.12) * height
    shift = np.array([[1, 0, offset[0]], [0, 1, offset[1]]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(cover, shift, (width, height)), (0, 0), height / 50)
    backdrop *= 1 - rng.uniform(0.1, 0.5) * shadow[..., None]
    picture = layer[..., :3] + (1 - cover[..., None]) * backdrop
    tint = rng.uniform(0.9, 1.1) * rng.uniform(0.95, 1.05, 3).astype(np.float32)
    noise = rng.standard_normal((height, width, 1), np.float32) * rng.uniform(0.005, 0.02)
    return np.clip(255 * (picture * tint + noise) + 0.5, 0, 255).astype(np.uint8)
