"""Build objects that stand in front of people."""

from __future__ import annotations

import numpy as np

from mmhg.synthetic.materials import Collection, Material, cloth
from mmhg.synthetic.raster import Surface
from mmhg.synthetic.skeleton import Skeleton

Rng = np.random.Generator


def build_thing(
    rng: Rng, skeleton: Skeleton, collection: Collection, material: int
) -> tuple[list[Surface], Material]:
    """Build an object in front of one of the joints of a person.

    Args:
        rng: the random generator.
        skeleton: the person, in camera axes.
        collection: the object's material is drawn from it.
        material: the number that the returned material will have in the scene.

    Returns:
        The object's surfaces, and the one material of all of them.
    """
    joint = skeleton.joints[rng.integers(len(skeleton.joints))]
    near = skeleton.joints[:, 2].min() - rng.uniform(0.1, 0.3)
    middle = joint * near / joint[2] + np.append(rng.normal(0, 0.03, 2), 0)
    kind = str(rng.choice(["post", "bundle", "ball", "block"]))
    lines = {"post": _post, "bundle": _bundle, "ball": _ball, "block": _block}[kind](rng)
    surfaces = [
        Surface(
            ends=middle + np.array(ends),
            radii=radii,
            frame=np.diag([1.0, -1.0, -1.0]),
            origin=middle,
            materials=(material, material),
        )
        for ends, radii in lines
    ]
    return surfaces, cloth(rng, collection, plain=0.4)


Lines = list[tuple[np.ndarray, tuple[float, float]]]


def _post(rng: Rng) -> Lines:
    """Build a post or a rail that crosses the whole image."""
    lean, width = rng.normal(0, 0.12), rng.uniform(0.018, 0.045)
    along = np.array([np.sin(lean), np.cos(lean), 0.0])
    if rng.random() < 0.3:
        along = along[[1, 0, 2]]
    return [(np.stack([-2 * along, 2 * along]), (width, width))]


def _bundle(rng: Rng) -> Lines:
    """Build a plant: stalks from one point below."""
    foot = np.array([rng.normal(0, 0.03), rng.uniform(0.15, 0.25), 0.0])
    tips = rng.normal(0, 0.08, (rng.integers(5, 9), 3)) * (1, 1, 0.3) - (0, 0.02, 0)
    return [(np.stack([foot, tip]), (0.01, rng.uniform(0.012, 0.03))) for tip in tips]


def _ball(rng: Rng) -> Lines:
    radius = rng.uniform(0.045, 0.085)
    return [(np.zeros((2, 3)), (radius, radius))]


def _block(rng: Rng) -> Lines:
    """Build a bag: a few rounded bars side by side."""
    width, height, radius = rng.uniform(0.05, 0.12), rng.uniform(0.05, 0.14), 0.03
    rows = np.linspace(-height, height, 5)
    return [
        (
            np.array([[-width, row, 0.0], [width, row, 0.0]]),
            (radius + height / 8, radius + height / 8),
        )
        for row in rows
    ]
