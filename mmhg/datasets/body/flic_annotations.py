"""Readers of FLIC: the authors' `train.h5` and `valid.h5`, and FLIC's own `examples.mat`.

Both have 1-based pixels. They differ in what left and right mean: on the person's body
("person-centric") in `examples.mat`; in the image ("observer-centric") in the authors' files, where
those who face away have had left and right exchanged, so that every left shoulder lies on the
image's right.

Shapes: P people, K = 11 joints in the order of `JOINTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import h5py
import numpy as np
from mmengine.fileio import exists, get_local_path
from scipy.io.matlab import mat_struct

from mmhg.errors import InputError

from ..matlab import read_mat
from .mpii_person_dataset import PIXELS_PER_SCALE
from .person_dataset import LabelledPerson

Labels = Literal["observer-centric", "person-centric"]
Split = Literal["train", "test"]

JOINTS = (
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_eye",
    "right_eye",
    "nose",
)

CENTER_Y = 240.0
"""px, 1-based: the authors' crop is centred there in every image (`train.h5`, `valid.h5`)."""

SCALE = 2.2
"""The authors' scale of every person: their crop is 440 px wide. Not to be enlarged again."""

_LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_HIP, _RIGHT_HIP = 0, 3, 6, 7
_MIRRORED = [3, 4, 5, 0, 1, 2, 7, 6, 9, 8, 10]
"""Each joint's index on the other side."""

_EXAMPLES_COLUMNS = [0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16]
"""The joints' columns, from 0, among the 29 of `coords` in `examples.mat`; the others are NaN."""

_EXAMPLES_FIELDS = ("coords", "filepath", "torsobox", "istrain", "istest")

_LARGEST_OFFSET = 1e-2
"""px by which a torso may differ from `normalize`. In the authors' files it does so by less than
1e-12."""

_UNDECIDED = 1e-6
"""px by which the two torsos of a person must differ to tell which of them `normalize` is."""


@dataclass(frozen=True)
class _People:
    """People of a file, 1-based px.

    Args:
        images: P file names.
        centers: (P, 2) of the boxes.
        scales: (P,) side of the boxes over 200 px.
        joints: (P, K, 2), meaningless where not annotated.
        annotated: (P, K) bool.
        visible: (P, K) 1 visible, 0 occluded, NaN unknown.
        torso_sizes: (P,) px, NaN unknown.
    """

    images: list[str]
    centers: np.ndarray
    scales: np.ndarray
    joints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    torso_sizes: np.ndarray


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
        people = _read_authors(path)
        exchange = labels == "person-centric" and _was_exchanged(path, people)
    else:
        if split is None:
            raise InputError(
                f"annotation file {path} has all of FLIC: set the dataset's split to 'train' or "
                "'test'"
            )
        people = _read_examples(path, split)
        exchange = labels == "observer-centric" and _faces_away(people.joints)
    return _labelled(people, np.broadcast_to(exchange, len(people.images)))


def _was_exchanged(path: str, people: _People) -> np.ndarray:
    """Who had left and right exchanged in the authors' files, (P,) bool.

    Their `normalize` is the torso from the right shoulder to the left hip as it was before: that of
    joints 3 and 6 as they are now, or of 0 and 7 where they were exchanged. People whose two torsos
    are the same length (14 of 5,003) cannot be told and count as not exchanged, as 19 of 20 are.

    Raises:
        InputError: Somebody's `normalize` is neither.
    """
    kept = np.abs(_lengths(people.joints, _RIGHT_SHOULDER, _LEFT_HIP) - people.torso_sizes)
    exchanged = np.abs(_lengths(people.joints, _LEFT_SHOULDER, _RIGHT_HIP) - people.torso_sizes)
    nearest = np.minimum(kept, exchanged)
    # not >: where a joint is NaN, no torso fits
    if (strange := ~(nearest <= _LARGEST_OFFSET)).any():
        person = int(np.argmax(strange))
        raise InputError(
            f"annotation file {path}: person {person} (from 0), image {people.images[person]}, has "
            f"normalize {people.torso_sizes[person]:g}, which is the length of neither diagonal of "
            f"the torso ({nearest[person]:g} px off), so that person-centric labels cannot be "
            "recovered; set labels='observer-centric' or use examples.mat"
        )
    return exchanged < kept - _UNDECIDED


def _faces_away(joints: np.ndarray) -> np.ndarray:
    """Whose left shoulder lies left of the right one in the image, (P,) bool.

    As the authors' files have it: in them that holds for nobody, and for nobody's hips. (MODEC's
    own script asks that elbows and wrists lie so too, and leaves hips and eyes.)
    """
    return joints[:, _LEFT_SHOULDER, 0] < joints[:, _RIGHT_SHOULDER, 0]


def _labelled(people: _People, exchanged: np.ndarray) -> list[LabelledPerson]:
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


def _read_authors(path: str) -> _People:
    shapes = {
        "imgname": (),
        "center": (2,),
        "scale": (),
        "part": (len(JOINTS), 2),
        "visible": (len(JOINTS),),
        "normalize": (),
    }
    try:
        with get_local_path(path) as local_path, h5py.File(local_path, "r") as file:
            datasets = {name: file.get(name) for name in shapes}
            content = {
                name: np.asarray(dataset[()])
                for name, dataset in datasets.items()
                if isinstance(dataset, h5py.Dataset)
            }
    except OSError as error:
        raise InputError(f"annotation file {path} is not HDF5, or damaged: {error}") from error
    if missing := sorted(shapes.keys() - content.keys()):
        raise InputError(
            f"annotation file {path} is not the authors' train.h5 or valid.h5 of FLIC: it lacks "
            f"{', '.join(missing)}"
        )
    count = np.size(content["imgname"])
    for name, shape in shapes.items():
        found, kinds = content[name], "SUO" if name == "imgname" else "iuf"
        if found.shape != (count, *shape) or found.dtype.kind not in kinds:
            raise InputError(
                f"annotation file {path}: {name} must be {'names' if 'S' in kinds else 'numbers'} "
                f"of shape {(count, *shape)}, got {found.dtype} of shape {found.shape}; FLIC's "
                f"people have {len(JOINTS)} joints"
            )
    if not count:
        raise InputError(f"annotation file {path} has no people")
    images = [
        name.decode() if isinstance(name, bytes) else str(name) for name in content["imgname"]
    ]
    numbers = {name: content[name].astype(np.float64) for name in shapes if name != "imgname"}
    for name in ("center", "scale", "normalize"):
        _check_finite(path, images, name, numbers[name])
    for name in ("scale", "normalize"):
        _check(path, images, f"{name} must be positive", numbers[name] > 0, numbers[name])
    joints = numbers["part"]
    annotated = np.isfinite(joints).all(axis=2) & (joints != 0).any(axis=2)
    return _People(
        images=images,
        centers=numbers["center"],
        scales=numbers["scale"],
        joints=joints,
        annotated=annotated,
        visible=np.where(annotated, numbers["visible"], np.nan),
        torso_sizes=numbers["normalize"],
    )


def _read_examples(path: str, split: Split) -> _People:
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
    _check_finite(path, images, "torsobox", boxes)

    joints = coords[:, :, _EXAMPLES_COLUMNS].transpose(0, 2, 1)
    annotated = np.isfinite(joints).all(axis=2)
    middles = boxes[:, [0, 2]].mean(axis=1)
    return _People(
        images=images,
        centers=np.column_stack([middles, np.full(len(middles), CENTER_Y)]),
        scales=np.full(len(middles), SCALE),
        joints=joints,
        annotated=annotated,
        visible=np.full(annotated.shape, np.nan),
        torso_sizes=_lengths(joints, _RIGHT_SHOULDER, _LEFT_HIP),
    )


def _lengths(joints: np.ndarray, start: int, end: int) -> np.ndarray:
    """Distances (P,) between two joints, px."""
    return np.linalg.norm(joints[:, start] - joints[:, end], axis=1)


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


def _check_finite(path: str, images: list[str], name: str, values: np.ndarray) -> None:
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    _check(path, images, f"{name} must be finite", finite, values)


def _check(path: str, images: list[str], what: str, ok: np.ndarray, values: np.ndarray) -> None:
    """Raise for the first person whose value is not `ok` (P,)."""
    if not ok.all():
        person = int(np.argmin(ok))
        raise InputError(
            f"annotation file {path}: person {person} (from 0), image {images[person]}: {what}, "
            f"got {values[person].tolist()}"
        )
