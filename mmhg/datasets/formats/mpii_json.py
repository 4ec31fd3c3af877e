"""Annotation files in MMPose's MPII format: a list of people, read and written.

A person has `image`, `center`, `scale` (neither adjusted), `joints` (K x 2; [-1, -1] where
missing) and `joints_vis` (1 where annotated), in raw 1-based pixels. Fields of ours that MMPose
passes over: `visible` (1, 0, or null where unknown), `head_box` ([x1, y1, x2, y2] or null),
`head_size` (px or null, if the file has no head box), `annolist_index` and
`person_index` (MATLAB's i and r of `annolist(i).annorect(r)`), `single_person` and `activity`
({category, name, id} or null).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.fileio import exists, get_local_path

from mmhg.datasets.formats.mpii_mat import NUM_JOINTS
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError
from mmhg.utils.files import read_json

MISSING_JOINT = (-1.0, -1.0)

_FIELDS_OF_RELEASE = ("annolist_index", "person_index", "single_person", "activity")


def read_mpii_json(path: str, num_keypoints: int = NUM_JOINTS) -> list[AnnotatedPerson]:
    """Read all people of an annotation file, in its order.

    Raises:
        InputError: No such file, or not as expected; names the file and the person.
    """
    if not exists(path):
        raise InputError(
            f"annotation file {path} does not exist. Check the dataset's data_root and ann_file "
            "(`mmhg convert-mpii` makes the files)"
        )
    with get_local_path(path) as local_path:
        people = read_json(local_path, f"annotation file {path}")
    if not isinstance(people, list) or not people:
        found = "an empty list" if people == [] else f"a {type(people).__name__}"
        raise InputError(
            f"annotation file {path} must be a list of people in MMPose's MPII format, got {found}"
        )
    return [
        _parse(f"annotation file {path}: person {index} (from 0)", person, num_keypoints)
        for index, person in enumerate(people)
    ]


def to_json(person: AnnotatedPerson) -> dict[str, Any]:
    """Turn a person with center and scale into the dictionary that the files have."""
    assert person.center is not None
    return {
        "image": person.image,
        "center": person.center.tolist(),
        "scale": person.scale,
        "joints": np.where(person.annotated[:, None], person.keypoints, MISSING_JOINT).tolist(),
        "joints_vis": person.annotated.astype(int).tolist(),
        "visible": [int(flag) if np.isfinite(flag) else None for flag in person.visible],
        "head_box": None if person.head_box is None else person.head_box.tolist(),
        "head_size": person.stated_head_size if np.isfinite(person.stated_head_size) else None,
        **{key: getattr(person, key) for key in _FIELDS_OF_RELEASE},
    }


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
    _finite(who, "joints", joints[annotated])
    of_release: dict[str, Any] = {key: person.get(key) for key in _FIELDS_OF_RELEASE}
    return AnnotatedPerson(
        image=person["image"],
        keypoints=joints,
        annotated=annotated,
        visible=visible,
        center=_finite(who, "center", _numbers(who, person, "center", (2,))),
        scale=float(_finite(who, "scale", _numbers(who, person, "scale", ()))),
        head_box=head_box,
        stated_head_size=head_size,
        **of_release,
    )


def _numbers(who: str, person: dict, key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Read an array of exactly this shape; null becomes NaN."""
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
