"""Write the file that MPII's server accepts for the test split, `pred_keypoints_mpii.mat`.

It has one variable `pred`: `RELEASE.annolist(img_train == 0)`, whose `annorect(r)` have
`annopoints.point(k).{x, y, id}` filled with the prediction, ids 0-15, pixels 1-based. The server
scores the people that `single_person` lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhg.datasets.formats.matlab import struct, write_mat
from mmhg.datasets.formats.mpii_mat import ReleaseImage
from mmhg.datasets.people import AnnotatedPerson, Key
from mmhg.errors import InputError
from mmhg.results.ground_truth_files import GroundTruth
from mmhg.results.prediction_files import check_count

THORAX = 7
LEAST_CORRELATION = 0.5
"""Correlation of the thorax with the annotated rough position over all people, in x and in y. It is
near 0 for people in another order, and still 0.9 for synthetic people in small images."""


def people_to_predict(images: Sequence[ReleaseImage]) -> list[AnnotatedPerson]:
    """List the people to predict, those with a crop, in the order of `mpii_test.json`."""
    return [person for person in _test_people(images) if person.has_crop]


def _test_people(images: Sequence[ReleaseImage]) -> list[AnnotatedPerson]:
    return [person for image in images if not image.is_train for person in image.people]


def assign(
    predictions: np.ndarray, images: Sequence[ReleaseImage], name: str | Path
) -> dict[Key, np.ndarray]:
    """Assign the predicted joints to the people of the test images, and check them.

    Args:
        predictions: (P, 16, 2) px, 1-based, in the order of `people_to_predict`.
        images: All images, from `read_release`.
        name: Name of the predictions in errors.

    Returns:
        (16, 2) px per person.

    Raises:
        InputError: The server would refuse the file, or compare different people.
    """
    people = people_to_predict(images)
    if not people:
        raise InputError("the annotation file has no test image with a person to predict")
    test_people = "the list of test people with center and scale (mpii_test.json)"
    check_count(name, predictions, test_people, len(people))
    assigned = {person.key: joints for person, joints in zip(people, predictions, strict=True)}
    scored = [person.key for person in _test_people(images) if person.single_person]
    if not scored:
        raise InputError("the annotation file's single_person lists no person in the test images")
    if missing := [key for key in scored if key not in assigned]:
        raise InputError(
            f"{len(missing)} people that the server scores have no prediction, since they lack "
            f"center or scale: (image, person) {missing[:5]}"
        )
    centers = np.array([person.center for person in people])
    if len(people) > 2:
        for axis, letter in enumerate("xy"):
            correlation = np.corrcoef(predictions[:, THORAX, axis], centers[:, axis])[0, 1]
            if not correlation >= LEAST_CORRELATION:
                raise InputError(
                    f"predictions {name}: the thorax's {letter} has a correlation of "
                    f"{correlation:.2f} with the people's centers, at least {LEAST_CORRELATION} "
                    "is expected. These are other people, another order, or x and y are swapped"
                )
    return assigned


def write_submission(
    path: str | Path, images: Sequence[ReleaseImage], assigned: dict[Key, np.ndarray]
) -> None:
    """Write `pred`, including images and people without prediction.

    Raises:
        InputError: The file cannot be written.
    """
    empty = np.empty((0, 0))
    annolist = []
    for image in images:
        if image.is_train:
            continue
        rects = [
            {"annopoints": _annopoints(assigned.get(person.key), empty)} for person in image.people
        ]
        annolist.append(
            {
                "image": struct([{"name": image.name}]),
                "annorect": struct(rects) if rects else empty,
            }
        )
    try:
        write_mat(Path(path), {"pred": struct(annolist)})
    except OSError as error:
        raise InputError(f"cannot write {path}: {error}") from error


def scored_truth(
    images: Sequence[ReleaseImage], truth: Sequence[ReleaseImage], name: str | Path
) -> tuple[GroundTruth, list[Key]]:
    """Gather the annotated people that the server scores.

    Args:
        images: All images, from `read_release`.
        truth: The test images with all annotations, in the same order.
        name: Name of the truth in errors.

    Returns:
        The ground truth, and the keys of its people.

    Raises:
        InputError: The truth has other images or people.
    """
    tested = [image for image in images if not image.is_train]
    names, expected = [image.name for image in truth], [image.name for image in tested]
    if names != expected:
        raise InputError(
            f"ground truth {name} has {len(names)} images beginning with {names[:2]}, the "
            f"annotation file's test images are {len(expected)} beginning with {expected[:2]}"
        )
    keys: list[Key] = []
    people: list[AnnotatedPerson] = []
    for image, annotated in zip(tested, truth, strict=True):
        by_index = {person.person_index: person for person in annotated.people}
        for person in image.people:
            if not person.single_person:
                continue
            found = by_index.get(person.person_index)
            if found is None or not found.annotated.any() or found.head_box is None:
                raise InputError(
                    f"ground truth {name} has no joints or no head box of image {image.name}, "
                    f"person {person.person_index}"
                )
            keys.append(person.key)
            people.append(found)
    return GroundTruth.of(people, name), keys


def _annopoints(joints: np.ndarray | None, empty: np.ndarray) -> np.ndarray:
    if joints is None:
        return empty
    points = [
        {"x": float(x), "y": float(y), "id": float(joint)} for joint, (x, y) in enumerate(joints)
    ]
    return struct([{"point": struct(points)}])
