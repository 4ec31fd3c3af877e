"""Labels made on the spot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhg.labels import LabeledImage, LabeledObject, Labels

NAMES = ["left_eye", "right_eye", "nose"]
SHAPE = np.array([(-10.0, -6.0), (10.0, -6.0), (0.0, 8.0)])
"""Keypoints about the middle of a face, px."""


def thing(points: Any, *, hidden: Sequence[int] = (), **settings: Any) -> LabeledObject:
    points = np.array(points, dtype=float)
    covered = np.isin(np.arange(len(points)), hidden)
    return LabeledObject(keypoints=points, hidden=covered, **settings)


def face(x: float, y: float, degrees: float = 0.0, **settings: Any) -> LabeledObject:
    angle = np.radians(degrees)
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    return thing(SHAPE @ turn + (x, y), **settings)


def picture(name: str, *objects: LabeledObject, **settings: Any) -> LabeledImage:
    return LabeledImage(path=Path(name), width=80, height=60, objects=objects, **settings)


def faces(root: Path, count: int = 8, *, write: bool = True, **settings: Any) -> Labels:
    """Make labels of one face an image, in pictures of `root`."""
    rng = np.random.default_rng(0)
    images = []
    for number in range(count):
        path = root / f"{number}.png"
        if write:
            root.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), rng.integers(0, 255, (60, 80, 3), np.uint8))
        images.append(picture(str(path), face(30 + number, 25)))
    settings = dict(format="cvat", keypoints=NAMES, images=images, root=root) | settings
    return Labels(**settings)
