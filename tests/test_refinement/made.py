"""Make a person whose joints are corrected stack by stack."""

import numpy as np

from mmhg.datasets import MPIIPersonDataset
from mmhg.refinement.paths import DistanceUnit, JointPaths, Refinement

METAINFO = MPIIPersonDataset(lazy_init=True).metainfo
WRIST = METAINFO["keypoint_name2id"]["right_wrist"]
ELBOW = METAINFO["keypoint_name2id"]["right_elbow"]
SIDE, HEAT, HEAD = 64, 16, 8.0
"""Sides of input and heatmaps, and the head's size, px."""


def paths(stacks: int, annotated: bool = True, off: float = 24.0) -> JointPaths:
    """Let the right wrist start `off` px to the right and come nearer evenly; the rest stays."""
    truth = np.stack([np.linspace(8, 32, 16), np.linspace(50, 10, 16)], axis=1)
    keypoints = np.repeat(truth[None], stacks, axis=0)
    keypoints[:, WRIST, 0] += np.linspace(off, 0, stacks) if stacks > 1 else off
    if not annotated:
        truth = np.full_like(truth, np.nan)
    return JointPaths(keypoints, truth, DistanceUnit("head sizes", HEAD, 0.5))


def person(stacks: int, annotated: bool = True) -> Refinement:
    """Make a person on gray, with a heatmap that is highest at each joint."""
    moves = paths(stacks, annotated)
    y, x = np.mgrid[:HEAT, :HEAT]
    positions = moves.keypoints / 4
    squared = (x - positions[..., :1, None]) ** 2 + (y - positions[..., 1:, None]) ** 2
    return Refinement(
        title="person 7",
        image=np.full((SIDE, SIDE, 3), 128, np.uint8),
        heatmaps=np.exp(-squared / 2),
        placement=(np.array([4.0, 4.0]), np.zeros(2)),
        paths=moves,
    )
