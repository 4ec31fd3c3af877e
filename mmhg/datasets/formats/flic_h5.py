"""Reader of the authors' files of FLIC, `train.h5` and `valid.h5`."""

from __future__ import annotations

import numpy as np

from mmhg.datasets.formats.authors_h5 import read_authors_h5
from mmhg.datasets.formats.flic import (
    JOINTS,
    LEFT_HIP,
    LEFT_SHOULDER,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    SideConvention,
    check_file,
    check_finite,
    check_values,
    lengths,
    make_people,
)
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError

_LARGEST_OFFSET = 1e-2
"""Largest difference in px of a torso and `normalize`; below 1e-12 in the authors' files."""

_UNDECIDED = 1e-6
"""Smallest difference in px of a person's two torsos, so that `normalize` selects one."""


def read_flic_h5(path: str, side_convention: SideConvention) -> list[AnnotatedPerson]:
    """Read the people of one split, in its order.

    Args:
        path: `train.h5` or `valid.h5`, which are observer-centric.
        side_convention: Meaning of left and right in the result.

    Raises:
        InputError: No such file, or not as expected; an unknown setting.
    """
    check_file(path, side_convention)
    images, content = _read(path)
    joints, torso_sizes = content["part"], content["normalize"]
    annotated = np.isfinite(joints).all(axis=2) & (joints != 0).any(axis=2)
    exchanged = np.zeros(len(images), dtype=bool)
    if side_convention == "person-centric":
        exchanged = _were_exchanged(path, images, joints, torso_sizes)
    return make_people(
        images,
        centers=content["center"],
        scales=content["scale"],
        joints=joints,
        annotated=annotated,
        visible=np.where(annotated, content["visible"], np.nan),
        torso_sizes=torso_sizes,
        exchanged=exchanged,
    )


def _read(path: str) -> tuple[list[str], dict[str, np.ndarray]]:
    """Read image names, and the other fields as float64, checked."""
    shapes = {
        "center": (2,),
        "scale": (),
        "part": (len(JOINTS), 2),
        "visible": (len(JOINTS),),
        "normalize": (),
    }
    images, numbers = read_authors_h5(path, shapes)
    for name in ("center", "scale", "normalize"):
        check_finite(path, images, name, numbers[name])
    for name in ("scale", "normalize"):
        check_values(path, images, f"{name} must be positive", numbers[name] > 0, numbers[name])
    return images, numbers


def _were_exchanged(
    path: str, images: list[str], joints: np.ndarray, torso_sizes: np.ndarray
) -> np.ndarray:
    """Find the people whose left and right were exchanged in the authors' files, (P,) bool.

    Their `normalize` is the length from the right shoulder to the left hip before the exchange:
    from joint 3 to 6 of the file, or from 0 to 7 if they were exchanged. If both lengths are the
    same (14 of 5,003 people), the person counts as not exchanged, as 19 of 20 are.

    Raises:
        InputError: A person's `normalize` is neither.
    """
    kept = np.abs(lengths(joints, RIGHT_SHOULDER, LEFT_HIP) - torso_sizes)
    exchanged = np.abs(lengths(joints, LEFT_SHOULDER, RIGHT_HIP) - torso_sizes)
    nearest = np.minimum(kept, exchanged)
    fits = nearest <= _LARGEST_OFFSET  # False if a joint is NaN
    if not fits.all():
        person = int(np.argmin(fits))
        raise InputError(
            f"annotation file {path}: person {person} (from 0), image {images[person]}, has "
            f"normalize {torso_sizes[person]:g}, which is the length of neither diagonal of "
            f"the torso ({nearest[person]:g} px off). The person-centric sides are unknown: set "
            "side_convention='observer-centric' or use examples.mat"
        )
    return exchanged < kept - _UNDECIDED
