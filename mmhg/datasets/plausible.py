"""Refuse people whose numbers no person in a photograph can have.

Images are not looked at, whose sizes these files do not have. Bounds are wide: they find slips (a
lost decimal point, another unit, a damaged number), and pass whoever may exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhg.datasets.people import PIXELS_PER_SCALE, AnnotatedPerson
from mmhg.errors import InputError
from mmhg.utils.bounds import LARGEST_COORDINATE

FARTHEST_JOINT = 20.0
"""Largest distance of a joint from the person's center, in heights (200 px x scale). Largest among
MPII's 2,958 validation people: 1.61."""

SMALLEST_HEIGHT = 1.0
"""px. Smallest among MPII's validation people: 116."""

SMALLEST_HEAD = SMALLEST_HEIGHT / 8
"""px; MPII's scale takes a person to be eight head sizes high. Smallest among MPII's validation
people: 14.5."""

UNKNOWN_SCALES = (0.0, -1.0)
"""Scales that mean "not known" in MMPose's files."""


def check_people(people: Sequence[AnnotatedPerson], file: str | Path) -> None:
    """Check the people of a file.

    Raises:
        InputError: A person is not plausible; names `file`, the person and the value.
    """
    for index, person in enumerate(people):
        if problem := problem_of(person):
            reason, found = problem
            image = f", image {person.image}" if person.image else ""
            raise InputError(
                f"annotation file {file}: person {index} (from 0){image}, has {reason}: {found}. "
                "Correct the person or leave it out of the file"
            )


def problem_of(person: AnnotatedPerson) -> tuple[str, str] | None:
    """Return what no person can have, and the value found; None if all is plausible.

    The first text has no numbers of the person, so that people can be counted by it.
    """
    return _far_away(person) or _bad_head(person) or _bad_scale(person) or _far_joint(person)


def _far_away(person: AnnotatedPerson) -> tuple[str, str] | None:
    limit = f"more than {LARGEST_COORDINATE:,.0f} px from the origin"
    places = {
        "an annotated joint": person.keypoints[person.annotated],
        "a center": person.center,
        "a box": person.box,
        "a head box": person.head_box,
    }
    for name, place in places.items():
        if place is not None and not (np.abs(place) <= LARGEST_COORDINATE).all():
            return f"{name} {limit}", _shown(_first_beyond(np.atleast_2d(place)))
    if person.torso_size > LARGEST_COORDINATE:
        return f"a torso size of more than {LARGEST_COORDINATE:,.0f} px", f"{person.torso_size:g}"
    return None


def _bad_head(person: AnnotatedPerson) -> tuple[str, str] | None:
    box = person.head_box
    if box is not None and not (box[:2] <= box[2:]).all():
        return "a head box whose corners x1, y1, x2, y2 are exchanged", _shown(box)
    size = person.head_size
    if not np.isnan(size) and not SMALLEST_HEAD <= size <= LARGEST_COORDINATE:
        limits = f"{SMALLEST_HEAD:g} px and {LARGEST_COORDINATE:,.0f} px"
        return f"a head size that is not between {limits}", f"{size:g}"
    return None


def _bad_scale(person: AnnotatedPerson) -> tuple[str, str] | None:
    scale = person.scale
    if np.isnan(scale) or scale in UNKNOWN_SCALES:
        return None
    if scale < 0:
        return "a negative scale", f"{scale:g}"
    height = PIXELS_PER_SCALE * scale
    if not SMALLEST_HEIGHT <= height <= LARGEST_COORDINATE:
        return (
            f"a scale (height over {PIXELS_PER_SCALE:g} px) that is not between "
            f"{SMALLEST_HEIGHT / PIXELS_PER_SCALE:g} and {LARGEST_COORDINATE / PIXELS_PER_SCALE:g}",
            f"{scale:g}",
        )
    return None


def _far_joint(person: AnnotatedPerson) -> tuple[str, str] | None:
    joints = person.keypoints[person.annotated]
    if person.center is None or not person.has_crop or not len(joints):
        return None
    height = PIXELS_PER_SCALE * person.scale
    distances = np.linalg.norm(joints - person.center, axis=1) / height
    if not distances.max() <= FARTHEST_JOINT:
        return (
            f"an annotated joint more than {FARTHEST_JOINT:g} heights (200 px x scale) from the "
            "center",
            f"{_shown(joints[distances.argmax()])}, {height:g} px, {_shown(person.center)}",
        )
    return None


def _first_beyond(places: np.ndarray) -> np.ndarray:
    return np.asarray(places[~(np.abs(places) <= LARGEST_COORDINATE).all(axis=1)][0])


def _shown(numbers: np.ndarray) -> str:
    return f"[{', '.join(f'{number:g}' for number in numbers)}]"
