"""Reader of FLIC's own `examples.mat`."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from mmengine.fileio import get_local_path

from mmhg.datasets.formats.flic import (
    LEFT_HIP,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    SideConvention,
    check_file,
    check_finite,
    lengths,
    make_people,
)
from mmhg.datasets.formats.matlab import read_mat
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError

Split = Literal["train", "test"]

CENTER_Y = 240.0
"""px, 1-based: the authors' crop is centered there in every image (`train.h5`, `valid.h5`)."""

SCALE = 2.2
"""The authors' scale of every person: their crop is 440 px wide, without more padding."""

_EXAMPLES_COLUMNS = [0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16]
"""The joints' columns, from 0, among the 29 of `coords` in `examples.mat`; the others are NaN."""

_EXAMPLES_FIELDS = ("coords", "filepath", "torsobox", "istrain", "istest")


def read_flic_mat(
    path: str, split: Split, side_convention: SideConvention
) -> list[AnnotatedPerson]:
    """Read the people of a split, in the file's order.

    Args:
        path: `examples.mat`, which is person-centric.
        split: 'train' or 'test'.
        side_convention: Meaning of left and right in the result.

    Raises:
        InputError: No such file, or not as expected; an unknown setting.
    """
    check_file(path, side_convention)
    if split not in get_args(Split):
        raise InputError(f"split must be one of {get_args(Split)}, got {split!r}")
    examples = _examples(path, split)
    where = [f"annotation file {path}: examples({index})" for index in examples]
    pairs = list(zip(where, examples.values(), strict=True))
    coords = np.stack([_numbers(w, example, "coords", (2, 29)) for w, example in pairs])
    boxes = np.stack([_numbers(w, example, "torsobox", (4,)) for w, example in pairs])
    images = [_file_name(w, example) for w, example in pairs]
    check_finite(path, images, "torsobox", boxes)

    joints = coords[:, :, _EXAMPLES_COLUMNS].transpose(0, 2, 1)
    annotated = np.isfinite(joints).all(axis=2)
    middles = boxes[:, [0, 2]].mean(axis=1)
    exchanged = np.zeros(len(images), dtype=bool)
    if side_convention == "observer-centric":
        exchanged = _face_away(joints)
    return make_people(
        images,
        centers=np.column_stack([middles, np.full(len(middles), CENTER_Y)]),
        scales=np.full(len(middles), SCALE),
        joints=joints,
        annotated=annotated,
        visible=np.full(annotated.shape, np.nan),
        torso_sizes=lengths(joints, RIGHT_SHOULDER, LEFT_HIP),
        exchanged=exchanged,
    )


def _face_away(joints: np.ndarray) -> np.ndarray:
    """Find the people whose left shoulder lies left of the right one in the image, (P,) bool.

    The authors' files have no such people, and none with such hips. (MODEC's own script also looks
    at elbows and wrists, and does not change hips and eyes.)
    """
    return joints[:, LEFT_SHOULDER, 0] < joints[:, RIGHT_SHOULDER, 0]


def _examples(path: str, split: Split) -> dict[int, dict[str, Any]]:
    """Read the examples of a split by their index, from 1."""
    with get_local_path(path) as local_path:
        content = read_mat(local_path, ["examples"], f"annotation file {path}")
    examples = np.ravel(content.get("examples", ()))
    if not examples.size or not all(isinstance(example, dict) for example in examples):
        raise InputError(
            f"annotation file {path} has no struct array 'examples'. Is it FLIC's examples.mat?"
        )
    chosen = {}
    for index, example in enumerate(examples, start=1):
        if missing := [name for name in _EXAMPLES_FIELDS if name not in example]:
            raise InputError(
                f"annotation file {path}: examples({index}) lacks {', '.join(missing)}. Is it "
                "FLIC's examples.mat?"
            )
        if np.any(example[f"is{split}"]):
            chosen[index] = example
    if not chosen:
        raise InputError(
            f"annotation file {path}: none of the {len(examples)} examples is in split {split!r} "
            f"(is{split})"
        )
    return chosen


def _numbers(where: str, example: dict[str, Any], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Read a field as an array of exactly this shape; a vector may be a row or a column."""
    value: Any = example[name]
    array = np.ravel(value) if len(shape) == 1 else np.asarray(value)
    if array.shape != shape or array.dtype.kind not in "iuf":
        raise InputError(
            f"{where}.{name} must be numbers of shape {shape}, got {array.dtype} of shape "
            f"{array.shape}"
        )
    return array.astype(np.float64)


def _file_name(where: str, example: dict[str, Any]) -> str:
    value = np.ravel(example["filepath"])
    if value.size != 1 or value.dtype.kind != "U":
        raise InputError(f"{where}.filepath must be a file name, got {str(value)[:80]!r}")
    return str(value[0])
