"""Reader of annotation files in MMPose's MPII format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.fileio import exists, get_local_path

from mmhg.datasets.formats.mpii_gt_val import head_sizes_from_boxes
from mmhg.errors import InputError


@dataclass(frozen=True)
class AnnotatedPerson:
    """One person as the file has it, in 1-based pixels.

    Args:
        image: File name.
        center: (2,) px, not lowered yet.
        scale: Height over 200 px.
        joints: (K, 2) px, meaningless where not annotated.
        annotated: (K,) bool.
        visible: (K,) 1 visible, 0 occluded, NaN unknown.
        head_box: (4,) x1, y1, x2, y2 in px, or None.
        head_size: px, NaN unknown; of the head box where there is one.
    """

    image: str
    center: np.ndarray
    scale: float
    joints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    head_box: np.ndarray | None
    head_size: float

    @property
    def has_box(self) -> bool:
        """Whether centre and scale say where the person is (MMPose's files may have -1)."""
        return self.scale > 0 and not (self.center == -1).all()


def read_people(path: str, num_keypoints: int) -> list[AnnotatedPerson]:
    """All people of an annotation file, in its order.

    Raises:
        InputError: No such file, or not as expected; names the file and the person.
    """
    if not exists(path):
        raise InputError(
            f"annotation file {path} does not exist; check the dataset's data_root and ann_file "
            "(tools/dataset_converters/mpii.py makes the files)"
        )
    try:
        with get_local_path(path) as local_path:
            people = json.loads(Path(local_path).read_bytes())
    except ValueError as error:
        raise InputError(f"annotation file {path} is not JSON: {error}") from error
    if not isinstance(people, list) or not people:
        found = "an empty list" if people == [] else f"a {type(people).__name__}"
        raise InputError(
            f"annotation file {path} must be a list of people in MMPose's MPII format, got {found}"
        )
    return [
        _parse(f"annotation file {path}: person {index} (from 0)", person, num_keypoints)
        for index, person in enumerate(people)
    ]


def _parse(who: str, person: Any, num_keypoints: int) -> AnnotatedPerson:
    if not isinstance(person, dict):
        raise InputError(f"{who} is a {type(person).__name__}, not a dictionary")
    for key in ("image", "center", "scale", "joints", "joints_vis"):
        if key not in person:
            raise InputError(f"{who} has no {key!r}")
    if not isinstance(person["image"], str):
        raise InputError(f"{who}: 'image' must be a file name, got {person['image']!r}")
    who = f"{who}, image {person['image']}"

    joints = _numbers(who, person, "joints", (num_keypoints, 2))
    annotated = _numbers(who, person, "joints_vis", (num_keypoints,))
    annotated = _finite(who, "joints_vis", annotated) > 0
    visible = np.full(num_keypoints, np.nan)
    if person.get("visible") is not None:
        visible = _numbers(who, person, "visible", (num_keypoints,))
    head_box = None
    head_size = np.nan
    if person.get("head_size") is not None:
        head_size = float(_finite(who, "head_size", _numbers(who, person, "head_size", ())))
        if head_size <= 0:
            raise InputError(f"{who}: 'head_size' must be positive, got {head_size}")
    if person.get("head_box") is not None:
        head_box = _finite(who, "head_box", _numbers(who, person, "head_box", (4,)))
        if (head_box[:2] == head_box[2:]).all():
            raise InputError(f"{who}: 'head_box' is empty, got {head_box.tolist()}")
        head_size = float(head_sizes_from_boxes(head_box[None])[0])
    _finite(who, "joints", joints[annotated])
    return AnnotatedPerson(
        image=person["image"],
        center=_finite(who, "center", _numbers(who, person, "center", (2,))),
        scale=float(_finite(who, "scale", _numbers(who, person, "scale", ()))),
        joints=joints,
        annotated=annotated,
        visible=visible,
        head_box=head_box,
        head_size=head_size,
    )


def _numbers(who: str, person: dict, key: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of exactly this shape; null becomes NaN."""
    try:
        numbers = np.array(person[key], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{who}: {key!r} must be numbers of shape {shape}, got {str(person[key])[:80]}"
        ) from error
    if numbers.shape != shape:
        raise InputError(f"{who}: {key!r} must have shape {shape}, got {numbers.shape}")
    return numbers


def _finite(who: str, key: str, numbers: np.ndarray) -> np.ndarray:
    if not np.isfinite(numbers).all():
        raise InputError(f"{who}: {key!r} must be finite, got {numbers.tolist()}")
    return numbers
