"""Say what a check can find: the kinds, by their names, and the examples of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Args:
        name: By which JSON and tests know it.
        title: For people.
        certain: True where each of its findings makes a training or its score wrong, so that the
            command exits with status 1.
        way_out: What to do about it.
    """

    name: str
    title: str
    certain: bool
    way_out: str


_KINDS = (
    Kind(
        "unreadable-pictures",
        "Pictures that cannot be read",
        True,
        "Give the files, or take them out of the annotations",
    ),
    Kind(
        "truncated-pictures",
        "Pictures that are truncated or damaged",
        True,
        "Download or save them again",
    ),
    Kind(
        "picture-sizes",
        "Pictures of another size than the annotations state",
        True,
        "Give the pictures that were annotated, or correct width and height",
    ),
    Kind(
        "duplicate-pictures",
        "Pictures that are there more than once",
        False,
        "Keep one of each, with everybody's labels",
    ),
    Kind(
        "duplicates-across-splits",
        "Pictures in training and in validation",
        True,
        "Take them out of one of the two: the score is too good",
    ),
    Kind(
        "empty-or-doubled-ids",
        "Ids that are empty, doubled or of nothing",
        True,
        "Number images and annotations, each by a whole number of its own",
    ),
    Kind(
        "keypoint-count",
        "Another number of keypoints than the config's",
        True,
        "Make annotations, metainfo and the network's num_keypoints agree",
    ),
    Kind(
        "dataset-refused",
        "A dataset that the training would refuse",
        True,
        "Correct what the message names",
    ),
    Kind(
        "points-outside-image",
        "Keypoints outside of the image",
        False,
        "Correct them, or set their flag to 0",
    ),
    Kind(
        "points-outside-box",
        "Keypoints outside of the box",
        False,
        "Correct the keypoints or the box: the network sees the box and a quarter more",
    ),
    Kind(
        "boxes-without-points",
        "Boxes that do not hold their keypoints",
        False,
        "Look whether the box is another object's",
    ),
    Kind("tiny-boxes", "Tiny boxes", False, "Correct the box, or leave the object out"),
    Kind(
        "corners-as-boxes",
        "Boxes of corners, where x, y, width, height should be",
        False,
        "Subtract x and y from the last two numbers",
    ),
    Kind(
        "sides-exchanged",
        "Left and right exchanged",
        False,
        "Left is the object's own left. Exchange the labels where the picture shows it",
    ),
    Kind(
        "points-exchanged",
        "Keypoints exchanged between neighbors",
        False,
        "Exchange the labels where the picture shows it",
    ),
    Kind(
        "pixel-shift",
        "Coordinates a pixel or half a pixel off the others'",
        False,
        "Pixels count from 0: subtract the shift from the source that has it",
    ),
    Kind(
        "never-labeled",
        "Keypoints that nobody has",
        True,
        "Label them, or take them out of the metainfo",
    ),
    Kind(
        "always-labeled",
        "Keypoints that everybody has, though others are sometimes missing",
        False,
        "Look whether missing ones got flag 2 and made-up coordinates",
    ),
    Kind(
        "all-zero-target",
        "People of whom the network's target is empty",
        False,
        "Correct the box: no keypoint lies in its crop",
    ),
    Kind(
        "sigma",
        "Sigma against the size of what is labeled",
        False,
        "Set the codec's sigma to 1 to 3 heatmap px, and the metainfo's sigmas to how much "
        "labels of a keypoint vary",
    ),
    Kind(
        "flip-pairs",
        "Flip pairs that do not mirror",
        True,
        "Set `swap` in the metainfo to the keypoint on the other side, in both",
    ),
    Kind(
        "ignored-people",
        "People who are labeled, and ignored",
        False,
        "Give them a box and iscrowd 0, or know that nobody learns from them",
    ),
    Kind("unused-images", "Images that nobody uses", False, "Label them, or delete them"),
    Kind(
        "unseen-sizes",
        "Validation objects of sizes that training never shows",
        False,
        "Label such objects for training, or widen the augmentation's scale",
    ),
)

KINDS = {kind.name: kind for kind in _KINDS}
"""All kinds, in the order of the report."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Example:
    """One case of a kind.

    Args:
        file: The annotation file, or where else it is.
        id: Of the annotation or the image, if there is one.
        what: A sentence with the values.
        picture: Path of the picture, if any.
        points: (K, 2) px, of the person, to draw.
        labeled: (K,) bool.
        box: (4,) left, top, right, bottom px.
        score: How bad it is; the largest is the worst.
    """

    file: str
    what: str
    id: Any = None
    picture: str | None = None
    points: np.ndarray | None = None
    labeled: np.ndarray | None = None
    box: np.ndarray | None = None
    score: float = 0.0


@dataclass(kw_only=True)
class Finding:
    """Say what was found of a kind.

    Args:
        kind: Its name.
        examples: All cases, the worst first.
        certain: Whether a training or its score is wrong; None takes the kind's.
        note: What holds for all of them.
    """

    kind: str
    examples: list[Example] = field(default_factory=list)
    certain: bool | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.certain is None:
            self.certain = KINDS[self.kind].certain
        self.examples.sort(key=lambda example: -example.score)
