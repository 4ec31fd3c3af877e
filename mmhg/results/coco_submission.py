"""Write the file that COCO's evaluation server accepts for keypoints on the test splits.

Its format and names are those of https://cocodataset.org/#upload and #format-results: a list of
people as JSON, `person_keypoints_[split]_[alg]_results.json`, alone in a zip file of that name.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from operator import index
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.utils.files import read_json, replacing

SPLITS = ("test-dev2017", "test-challenge2017", "val2017")
PERSON = 1
NUM_JOINTS = 17
MOST_PEOPLE = 20
"""Number of people per image that are scored: the highest scores (#keypoints-eval, note 4)."""

_KEYS = ("image_id", "category_id", "keypoints", "score")
_ALGORITHM = re.compile(r"[A-Za-z0-9.+-]+")


def read_people(path: str | Path) -> list[dict[str, Any]]:
    """Read the people of a results file, as MMPose's `CocoMetric` writes it.

    Returns:
        Only the keys of COCO's format. With MMPose's additional boxes, COCO's evaluation would use
        the areas of the boxes to decide which people are medium and large.

    Raises:
        InputError: The server would refuse the file or score it wrongly; names file and person.
    """
    people = read_json(path)
    if not isinstance(people, list) or not people:
        raise InputError(
            f"results {path} must be a list of people that is not empty, got "
            f"{'an empty list' if people == [] else type(people).__name__}"
        )
    return [_checked(path, number, person) for number, person in enumerate(people)]


def read_image_ids(path: str | Path) -> set[int]:
    """Read the images of a split, from COCO's `image_info_*.json`.

    Raises:
        InputError: The file is of another kind.
    """
    info = read_json(path)
    try:
        ids = {index(image["id"]) for image in info["images"]}
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path} has no list 'images' with an id each, as COCO's image_info_*.json has"
        ) from error
    if not ids:
        raise InputError(f"{path} lists no images")
    return ids


def check_images(
    people: list[dict[str, Any]], image_ids: set[int], results: str | Path, images: str | Path
) -> None:
    """Raise InputError if a person is in an image that the split does not have.

    Args:
        people: The people of `read_people`.
        image_ids: The images of the split.
        results: Name of the people's file in the error.
        images: Name of the images' file in the error.
    """
    if unknown := sorted({person["image_id"] for person in people} - image_ids):
        raise InputError(
            f"results {results} have people in {len(unknown)} images that {images} does not list: "
            f"{unknown[:5]}. They are of another split"
        )


def crowded_images(people: list[dict[str, Any]]) -> int:
    """Count the images that have more people than are scored."""
    counts = Counter(person["image_id"] for person in people)
    return sum(count > MOST_PEOPLE for count in counts.values())


def submission_name(split: str, algorithm: str) -> str:
    """Name the results of an algorithm on a split as the server does, without a suffix.

    Raises:
        InputError: The split has no server, or the algorithm's name would break the pattern.
    """
    if split not in SPLITS:
        raise InputError(f"the split must be one of {', '.join(SPLITS)}, got {split!r}")
    if not _ALGORITHM.fullmatch(algorithm):
        raise InputError(
            "the algorithm's name must consist of letters, digits, '.', '+' and '-', since '_' "
            f"separates the parts of the file's name, got {algorithm!r}"
        )
    return f"person_keypoints_{split}_{algorithm}_results"


def write_submission(folder: str | Path, name: str, people: list[dict[str, Any]]) -> Path:
    """Write the zip file, completely or not at all. The same people give the same bytes.

    Args:
        folder: The folder of the file, made if it is missing.
        name: The name of `submission_name`.
        people: The people of `read_people`.

    Returns:
        The path of the file.

    Raises:
        InputError: The file cannot be written.
    """
    path = Path(folder) / f"{name}.zip"
    member = zipfile.ZipInfo(f"{name}.json")  # dated 1980
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # Unix, on any system
    member.external_attr = 0o644 << 16
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
            archive.writestr(member, json.dumps(people, separators=(",", ":")))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error}") from error
    return path


def _checked(path: str | Path, number: int, person: Any) -> dict[str, Any]:
    def refuse(problem: str) -> InputError:
        return InputError(f"results {path}: person {number} (from 0) {problem}")

    if not isinstance(person, dict) or not set(_KEYS) <= set(person):
        found = sorted(person) if isinstance(person, dict) else type(person).__name__
        raise refuse(f"must have {', '.join(_KEYS)}, got {found}")
    image, category, score = person["image_id"], person["category_id"], person["score"]
    if type(image) is not int:
        raise refuse(f"must have a whole number as image_id, got {image!r}")
    if category != PERSON:
        raise refuse(f"must be of category {PERSON}, a person, got {category!r}")
    if not _finite(score, ()):
        raise refuse(f"must have a finite number as score, got {score!r}")
    if not _finite(person["keypoints"], (3 * NUM_JOINTS,)):
        raise refuse(
            f"must have {3 * NUM_JOINTS} finite numbers as keypoints (x, y, v of {NUM_JOINTS} "
            f"joints), got {_summary(person['keypoints'])}"
        )
    # Hundredths of a pixel do not change the score and shorten the file by two thirds.
    joints = [round(value, 2) for value in person["keypoints"]]
    return {"image_id": image, "category_id": PERSON, "keypoints": joints, "score": score}


def _finite(value: Any, shape: tuple[int, ...]) -> bool:
    try:
        array = np.asarray(value)
    except ValueError:  # lists of unequal lengths
        return False
    return array.shape == shape and array.dtype.kind in "iuf" and bool(np.isfinite(array).all())


def _summary(keypoints: Any) -> str:
    if not isinstance(keypoints, list):
        return repr(keypoints)
    wrong = [value for value in keypoints if not _finite(value, ())]
    return f"{len(keypoints)}, of which {wrong[:3]}" if wrong else str(len(keypoints))
