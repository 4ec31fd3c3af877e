"""Reader of FLIC's own `examples.mat`."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.fileio import get_local_path
from scipy.io.matlab import mat_struct

from mmhg.datasets.formats.flic_people import (
    LEFT_HIP,
    RIGHT_SHOULDER,
    FLICPeople,
    check_finite,
    lengths,
)
from mmhg.datasets.formats.matlab import read_mat
from mmhg.errors import InputError

CENTER_Y = 240.0
"""px, 1-based: the authors' crop is centred there in every image (`train.h5`, `valid.h5`)."""

SCALE = 2.2
"""The authors' scale of every person: their crop is 440 px wide. Not to be enlarged again."""

_EXAMPLES_COLUMNS = [0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16]
"""The joints' columns, from 0, among the 29 of `coords` in `examples.mat`; the others are NaN."""

_EXAMPLES_FIELDS = ("coords", "filepath", "torsobox", "istrain", "istest")


def read_examples(path: str, split: str) -> FLICPeople:
    """The people of a split, `train` or `test`, with left and right person-centric.

    Raises:
        InputError: The file is not as expected.
    """
    with get_local_path(path) as local_path:
        content = read_mat(local_path, "examples", f"annotation file {path}")
    examples = np.ravel(content.get("examples", ()))
    if not examples.size or not all(isinstance(example, mat_struct) for example in examples):
        raise InputError(
            f"annotation file {path} has no struct array 'examples'; is it FLIC's examples.mat?"
        )
    for index, example in enumerate(examples, start=1):
        if missing := [name for name in _EXAMPLES_FIELDS if not hasattr(example, name)]:
            raise InputError(
                f"annotation file {path}: examples({index}) lacks {', '.join(missing)}; is it "
                "FLIC's examples.mat?"
            )
    chosen = {
        index: example
        for index, example in enumerate(examples, start=1)
        if np.any(getattr(example, f"is{split}"))
    }
    if not chosen:
        raise InputError(
            f"annotation file {path}: none of the {len(examples)} examples is in split {split!r} "
            f"(is{split})"
        )
    where = [f"annotation file {path}: examples({index})" for index in chosen]
    pairs = list(zip(where, chosen.values(), strict=True))
    coords = np.stack([_numbers(w, example, "coords", (2, 29)) for w, example in pairs])
    boxes = np.stack([_numbers(w, example, "torsobox", (4,)) for w, example in pairs])
    images = [_file_name(w, example) for w, example in pairs]
    check_finite(path, images, "torsobox", boxes)

    joints = coords[:, :, _EXAMPLES_COLUMNS].transpose(0, 2, 1)
    annotated = np.isfinite(joints).all(axis=2)
    middles = boxes[:, [0, 2]].mean(axis=1)
    return FLICPeople(
        images=images,
        centers=np.column_stack([middles, np.full(len(middles), CENTER_Y)]),
        scales=np.full(len(middles), SCALE),
        joints=joints,
        annotated=annotated,
        visible=np.full(annotated.shape, np.nan),
        torso_sizes=lengths(joints, RIGHT_SHOULDER, LEFT_HIP),
    )


def _numbers(where: str, example: mat_struct, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A field as an array of exactly this shape; a vector may lie or stand."""
    value: Any = getattr(example, name)
    array = np.ravel(value) if len(shape) == 1 else np.asarray(value)
    if array.shape != shape or array.dtype.kind not in "iuf":
        raise InputError(
            f"{where}.{name} must be numbers of shape {shape}, got {array.dtype} of shape "
            f"{array.shape}"
        )
    return array.astype(np.float64)


def _file_name(where: str, example: mat_struct) -> str:
    value = np.ravel(example.filepath)
    if value.size != 1 or value.dtype.kind != "U":
        raise InputError(f"{where}.filepath must be a file name, got {example.filepath!r}")
    return str(value[0])
