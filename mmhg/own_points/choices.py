"""Choose network, input size and length of a training for what is labeled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FEW, MANY = 2_000, 20_000
"""Objects to train on, up to which the network is slim, and from which on it is the paper's."""

SLIM = dict(num_stacks=2, channels=128, stem_channels=(16, 32, 64))
"""The layers of `hg2_lspet_128`, whose weights come with the package."""

START = "hg2_lspet_128"

SIDES = (128, 192, 256)
"""The input's longer side, px."""

CROP_PER_BOX = 1.25
"""Side of the crop over that of the box: MMPose's `GetBBoxCenterScale`."""

ASPECTS = ((1, 2), (3, 4), (1, 1), (4, 3), (2, 1))
"""Width to height of the input."""

_UPRIGHT = 60
"""Degrees up to which objects turn without another aspect."""

_STEPS, _FOR = 1_200, 100
"""Steps of a training, and on how many objects: the study of the mouse, 1.5 px in 8 minutes. With
more objects they grow as the root of their number."""

_FEWEST_STEPS = 800
_VALIDATIONS = 10


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Say what the config says beside names and paths.

    Attributes:
        backbone: Settings of `HourglassBackbone`.
        start: The weights to start from, None for none.
        input_size: Width and height of the network's input, px.
        rotation: Degrees by which training images are turned to either side, at most.
        batch_size: Objects a step.
        epochs: Length of the training.
        val_interval: Epochs from one validation to the next.
        learning_rate: The highest of the cycle.
    """

    backbone: dict[str, Any]
    start: str | None
    input_size: tuple[int, int]
    rotation: int
    batch_size: int
    epochs: int
    val_interval: int
    learning_rate: float


def choose(boxes: np.ndarray, *, train: int, rotation: int, two_looks: bool) -> Choices:
    """Choose by the objects.

    Args:
        boxes: Width and height of all objects' boxes, (N, 2) px.
        train: Number of objects to train on.
        rotation: Degrees by which training images are turned.
        two_looks: Whether the network sees whole images, too.
    """
    slim = train < FEW
    batch_size = 8 if train < 500 else 16
    steps = max(_FEWEST_STEPS, _STEPS * math.sqrt(train / _FOR))
    epochs = math.ceil(steps / math.ceil(train / batch_size))
    val_interval = math.ceil(epochs / _VALIDATIONS)
    return Choices(
        backbone=SLIM if slim else dict(num_stacks=2 if train < MANY else 8),
        start=START if slim else None,
        input_size=input_size(boxes, square=two_looks or rotation > _UPRIGHT),
        rotation=rotation,
        batch_size=batch_size,
        epochs=math.ceil(epochs / val_interval) * val_interval,
        val_interval=val_interval,
        learning_rate=5e-3 if slim else 2e-3,
    )


def input_size(boxes: np.ndarray, *, square: bool) -> tuple[int, int]:
    """Choose width and height of the input, px: multiples of 4, and at least 64.

    The aspect is the nearest to the boxes' median. The longer side is the first of 128, 192 and 256
    that shows the crop of the median box without making it smaller, or 256.

    Args:
        boxes: Width and height (N, 2) px.
        square: Take as wide as high whatever the boxes' aspect: they turn.
    """
    aspect = 0.0 if square else float(np.median(np.log(boxes[:, 0] / boxes[:, 1])))
    width, height = min(ASPECTS, key=lambda one: abs(math.log(one[0] / one[1]) - aspect))
    shown = float(np.median(boxes.max(axis=1))) * CROP_PER_BOX
    side = next((one for one in SIDES if one >= shown), SIDES[-1])
    longer = max(width, height)
    return side * width // longer, side * height // longer


def sees_whole_images(objects_per_image: Sequence[int], own_boxes: int) -> bool:
    """Tell if the network should look at whole images, then at a crop.

    That is for labels without boxes of one object an image: what uses the network has no boxes
    either, and needs none.
    """
    return own_boxes == 0 and max(objects_per_image, default=0) <= 1
