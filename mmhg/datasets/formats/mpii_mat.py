"""Reader of MPII's official annotation file, `mpii_human_pose_v1_u12_1.mat`.

Its variable `RELEASE` is a MATLAB struct: `annolist(i).image.name`; `annolist(i).annorect(r)` with
the head box `x1 y1 x2 y2`, `scale`, `objpos.{x, y}` and `annopoints.point(k).{x, y, id,
is_visible}`; `img_train(i)`; `single_person{i}`; `act(i).{cat_name, act_name, act_id}`. Any
field of a person may be absent or empty. Pixels are 1-based, and so are i and r here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.datasets.formats.matlab import read_mat
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError
from mmhg.utils.progress import with_progress

JOINTS = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "pelvis",
    "thorax",
    "upper_neck",
    "head_top",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
)
"""MPII's joints by their ids, named as in MMPose."""

NUM_JOINTS = len(JOINTS)

_MOST_PEOPLE, _LARGEST_ID = 1e6, 1e9
"""Beyond any of MPII's."""

Struct = dict[str, Any]
"""MATLAB's struct."""


@dataclass(frozen=True)
class ReleaseImage:
    """The image `annolist(index)`, index from 1, which may have no people.

    `video` is the number of the video that it is from (`vididx`), None where the file has none.
    """

    index: int
    name: str
    is_train: bool
    people: tuple[AnnotatedPerson, ...]
    video: int | None = None


def read_release(path: str | Path, show_progress: bool = False) -> list[ReleaseImage]:
    """Read all images of the file, in its order.

    Args:
        path: The official file, or one of its form written by MATLAB or `scipy.io.savemat`.
        show_progress: Report progress on stderr.

    Raises:
        InputError: No such file, or not of this form; names the file and the image.
    """
    releases = _structs(_variable(Path(path), "RELEASE"))
    if len(releases) != 1 or releases[0] is None:
        raise InputError(f"{path} has no struct RELEASE. Is it MPII's annotation file?")
    release = releases[0]
    images = _structs(_field(release, "annolist"))
    if not images:
        raise InputError(f"{path}: RELEASE.annolist is empty")
    img_train = _field(release, "img_train")
    if img_train is None or img_train.size != len(images) or img_train.dtype.kind not in "iuf":
        raise InputError(
            f"{path}: RELEASE.img_train must have one flag for each of the {len(images)} images, "
            f"got {0 if img_train is None else img_train.size}"
        )
    activities = _structs(_field(release, "act"))
    activities += [None] * (len(images) - len(activities))
    single_person = _single_person(path, _field(release, "single_person"), len(images))
    tracked = with_progress(images, len(images), "reading people") if show_progress else images
    return [
        _image(path, i, image, bool(img_train.flat[i - 1]), single_person[i - 1], activities[i - 1])
        for i, image in enumerate(tracked, start=1)
    ]


def read_annolist(path: str | Path, variable: str = "annolist") -> list[ReleaseImage]:
    """Read the images of a file that holds an annolist alone, as a submission or a test truth.

    Args:
        path: A MATLAB file.
        variable: Name of the annolist in the file.

    Raises:
        InputError: No such file or variable, or not of this form.
    """
    images = _structs(_variable(Path(path), variable))
    if not images:
        raise InputError(f"{path} has no struct array {variable!r}")
    return [
        _image(f"{path} ({variable})", i, image, False, set(), None)
        for i, image in enumerate(images, start=1)
    ]


def _variable(path: Path, variable: str) -> Any:
    if not path.is_file():
        raise InputError(f"{path} does not exist. It should be MPII's annotation file (.mat)")
    return read_mat(path, [variable], path).get(variable)


def _image(
    path: str | Path,
    index: int,
    image: Struct | None,
    is_train: bool,
    single_person: set[int],
    activity: Struct | None,
) -> ReleaseImage:
    where = f"{path}: annolist({index})"
    header = _first_struct(_field(image, "image"))
    name = _text(_field(header, "name"))
    if not name:
        raise InputError(f"{where} has no image.name")
    described = _activity(activity)
    people = tuple(
        replace(
            _person(f"{where}.annorect({r})", name, rect),
            annolist_index=index,
            person_index=r,
            single_person=r in single_person,
            activity=described,
        )
        for r, rect in enumerate(_structs(_field(image, "annorect")), start=1)
    )
    video = _numbers(image, "vididx")
    if video is None or abs(video[0]) > _LARGEST_ID:
        return ReleaseImage(index, name, is_train, people)
    return ReleaseImage(index, name, is_train, people, int(video[0]))


def _person(where: str, image: str, rect: Struct | None) -> AnnotatedPerson:
    center = _numbers(_first_struct(_field(rect, "objpos")), "x", "y")
    scale = _numbers(rect, "scale")
    corners = _numbers(rect, "x1", "y1", "x2", "y2")
    keypoints = np.full((NUM_JOINTS, 2), np.nan)
    visible = np.full(NUM_JOINTS, np.nan)
    annotated = np.zeros(NUM_JOINTS, dtype=bool)
    points = _first_struct(_field(rect, "annopoints"))
    for point in _structs(_field(points, "point")):
        joint_id, point_xy = _numbers(point, "id"), _numbers(point, "x", "y")
        if joint_id is None or point_xy is None:
            continue
        if joint_id[0] not in range(NUM_JOINTS):
            raise InputError(f"{where} has a joint of id {joint_id[0]:g}, ids are 0 to 15")
        joint = int(joint_id[0])
        if annotated[joint]:  # of two points with one id the benchmark's toolkit takes the first
            continue
        annotated[joint] = True
        keypoints[joint] = point_xy
        if flag := _numbers(point, "is_visible"):
            visible[joint] = flag[0] > 0
    return AnnotatedPerson(
        image=image,
        keypoints=keypoints,
        annotated=annotated,
        visible=visible,
        center=None if center is None else np.array(center),
        scale=np.nan if scale is None else scale[0],
        head_box=None if corners is None or corners[:2] == corners[2:] else np.array(corners),
    )


def _activity(activity: Struct | None) -> dict[str, Any] | None:
    category, name = _text(_field(activity, "cat_name")), _text(_field(activity, "act_name"))
    number = _numbers(activity, "act_id")
    if not (category or name) or number is None or abs(number[0]) > _LARGEST_ID:
        return None
    return {"category": category, "name": name, "id": int(number[0])}


def _single_person(path: str | Path, value: Any, num_images: int) -> list[set[int]]:
    """List the 1-based people who stand apart, by image (cells of vectors, or of one number)."""
    if value is None:
        return [set() for _ in range(num_images)]
    if value.dtype != object and value.size == num_images:
        cells = value.reshape(num_images, 1)
    else:
        cells = value.ravel()
    if value.dtype.kind in "US" or len(cells) != num_images:
        raise InputError(
            f"{path}: RELEASE.single_person must list people for each of the {num_images} images, "
            f"got {value.size} entries"
        )
    return [
        _indices(f"{path}: RELEASE.single_person({i})", cell) for i, cell in enumerate(cells, 1)
    ]


def _indices(where: str, cell: Any) -> set[int]:
    found = np.ravel(cell)
    if found.size and not (found.dtype.kind in "iuf" and (np.abs(found) <= _MOST_PEOPLE).all()):
        raise InputError(f"{where} must be indices of people, got {str(cell)[:80]}")
    return {int(r) for r in found}


def _structs(value: Any) -> list[Struct | None]:
    """List the structs of a struct array or a cell array, None for any other element."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, np.ndarray) or value.dtype != object:
        return []
    return [_first_struct(item) for item in value.flat]


def _first_struct(value: Any) -> Struct | None:
    return next(iter(_structs(value)), None)


def _field(struct: Struct | None, name: str) -> Any:
    """Get a struct's field, None where it is absent or empty."""
    value = None if struct is None else struct.get(name)
    return None if isinstance(value, np.ndarray) and value.size == 0 else value


def _numbers(struct: Struct | None, *names: str) -> tuple[float, ...] | None:
    """Read scalar fields (numbers or digits in a string), None if one is absent, empty or NaN."""
    numbers = []
    for name in names:
        value = _field(struct, name)
        try:
            number = math.nan if value is None else float(np.ravel(value)[0])
        except (TypeError, ValueError):
            number = math.nan
        numbers.append(number)
    return tuple(numbers) if all(map(math.isfinite, numbers)) else None


def _text(value: Any) -> str:
    found = np.ravel(value)
    return str(found[0]) if found.size and found.dtype.kind == "U" else ""
