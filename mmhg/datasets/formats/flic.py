"""FLIC's people, from the authors' `train.h5` and `valid.h5` or FLIC's own `examples.mat`.

Both have 1-based pixels. They differ in what left and right mean: on the person's body
("person-centric") in `examples.mat`; in the image ("observer-centric") in the authors' files, where
those who face away have had left and right exchanged, so that every left shoulder lies on the
image's right.

Shapes: P people, K = 11 joints in the order of `flic_people.JOINTS`.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from mmengine.fileio import exists

from mmhg.datasets.body.mpii import PIXELS_PER_SCALE
from mmhg.datasets.formats.flic_h5 import read_authors, was_exchanged
from mmhg.datasets.formats.flic_mat import read_examples
from mmhg.datasets.formats.flic_people import LEFT_SHOULDER, RIGHT_SHOULDER, FLICPeople
from mmhg.datasets.person_dataset import LabelledPerson
from mmhg.errors import InputError

Labels = Literal["observer-centric", "person-centric"]
Split = Literal["train", "test"]

_MIRRORED = [3, 4, 5, 0, 1, 2, 7, 6, 9, 8, 10]
"""Each joint's index on the other side."""


def read_flic(path: str, split: Split | None, labels: Labels) -> list[LabelledPerson]:
    """People of a file, in its order.

    Args:
        path: The authors' `.h5`, or `examples.mat`.
        split: Which people of `examples.mat`; None for an `.h5`, which is one split.
        labels: What left and right are to mean.

    Raises:
        InputError: No such file, or not as expected; an unknown setting, or one that does not fit
            the file.
    """
    if labels not in get_args(Labels):
        raise InputError(f"labels must be one of {get_args(Labels)}, got {labels!r}")
    if split not in (None, *get_args(Split)):
        raise InputError(f"split must be one of {get_args(Split)}, got {split!r}")
    if not path.endswith((".h5", ".mat")):
        raise InputError(
            f"annotation file {path} must be the authors' .h5 or FLIC's examples.mat, by its suffix"
        )
    if not exists(path):
        raise InputError(
            f"annotation file {path} does not exist; check the dataset's data_root and ann_file"
        )
    if path.endswith(".h5"):
        if split is not None:
            raise InputError(
                f"annotation file {path} is a split of its own, but split is {split!r}; name the "
                "split's file (train.h5, valid.h5) and leave split out"
            )
        people = read_authors(path)
        exchange = labels == "person-centric" and was_exchanged(path, people)
    else:
        if split is None:
            raise InputError(
                f"annotation file {path} has all of FLIC: set the dataset's split to 'train' or "
                "'test'"
            )
        people = read_examples(path, split)
        exchange = labels == "observer-centric" and _faces_away(people.joints)
    return _labelled(people, np.broadcast_to(exchange, len(people.images)))


def _faces_away(joints: np.ndarray) -> np.ndarray:
    """Whose left shoulder lies left of the right one in the image, (P,) bool.

    As the authors' files have it: in them that holds for nobody, and for nobody's hips. (MODEC's
    own script asks that elbows and wrists lie so too, and leaves hips and eyes.)
    """
    return joints[:, LEFT_SHOULDER, 0] < joints[:, RIGHT_SHOULDER, 0]


def _labelled(people: FLICPeople, exchanged: np.ndarray) -> list[LabelledPerson]:
    """The people with left and right exchanged where told, all of their joints.

    The eyes go with the body: of those who face away in the authors' files six in seven have the
    left eye on the image's right, as the back of a head has it once left and right are exchanged.
    """
    labelled = []
    for row, (image, exchange) in enumerate(zip(people.images, exchanged, strict=True)):
        order = _MIRRORED if exchange else slice(None)
        half_side = PIXELS_PER_SCALE * people.scales[row] / 2
        labelled.append(
            LabelledPerson(
                image=image,
                box=np.hstack([people.centers[row] - half_side, people.centers[row] + half_side]),
                joints=people.joints[row, order],
                annotated=people.annotated[row, order],
                visible=people.visible[row, order],
                torso_size=float(people.torso_sizes[row]),
            )
        )
    return labelled
