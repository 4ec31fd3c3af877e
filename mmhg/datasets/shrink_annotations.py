"""Move annotations along with images: COCO's format, MMPose's of MPII, LSP's `joints.mat`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmhg.datasets.formats.lsp_mat import image_names, move_joints
from mmhg.errors import InputError
from mmhg.utils.files import read_json, write_json


class Placement(NamedTuple):
    """How a copy of an image shows it: cut at `left` and `top`, then scaled.

    Attributes:
        x, y: New px per old px.
        left, top: Px of the old image that were cut off there.
        size: Width and height of the copy in px; None where the copy is the image itself.
    """

    x: float = 1.0
    y: float = 1.0
    left: int = 0
    top: int = 0
    size: tuple[int, int] | None = None


UNCHANGED = Placement()

PlacementOf = Callable[[str], Placement]
"""From an image, named as in the annotations."""

_DIGITS = 3
"""Decimals of a px that are written."""


class LSPFile:
    """LSP's or LSPET's `joints.mat`.

    Args:
        path: The file.

    Raises:
        InputError: The file is none of these.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._images = set(image_names(path))

    def images(self) -> set[str]:
        """Return the names of all images."""
        return self._images

    def rigid_images(self) -> set[str]:
        """Return no image: all can be scaled."""
        return set()

    def write_scaled(self, target: Path, placement_of: PlacementOf) -> None:
        """Write the file for images that have been scaled; the joints stay 1-based."""

        def moved(image: str, points: np.ndarray) -> np.ndarray:
            place = placement_of(image)
            return points if place == UNCHANGED else _scale_points(points, place, 1)

        move_joints(self.path, target, moved)


class AnnotationFile:
    """Annotations in COCO's or in MMPose's MPII format.

    Args:
        path: JSON file.

    Raises:
        InputError: The file is in neither format.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.content: Any = read_json(path) if path.endswith(".json") else None
        self._names: dict[int, str] | None = None  # COCO's, by image
        if isinstance(self.content, dict) and {"images", "annotations"} <= {*self.content}:
            images = _records(path, "images", self.content["images"], id=int | str, file_name=str)
            self._names = {image["id"]: image["file_name"] for image in images}
            people = self.content["annotations"]
            for one in _records(path, "annotations", people, image_id=int | str):
                if one["image_id"] not in self._names:
                    raise InputError(
                        f"annotation file {path}: annotation {one.get('id')} is of the image "
                        f"{one['image_id']!r}, which it does not list"
                    )
        elif isinstance(self.content, list):
            _records(path, "people", self.content, image=str)
        else:
            raise InputError(
                f"annotation file {path} is neither in COCO's nor in MMPose's MPII format (JSON), "
                "nor LSP's joints.mat. Datasets of other formats cannot be shrunk"
            )

    def images(self) -> set[str]:
        """Return the names of all images."""
        if self._names is None:
            return {person["image"] for person in self.content}
        return set(self._names.values())

    def rigid_images(self) -> set[str]:
        """Return the names of images with crowds, which COCO stores as runs of pixels."""
        if self._names is None:
            return set()
        annotations = self.content["annotations"]
        crowds = [one for one in annotations if isinstance(one.get("segmentation"), dict)]
        return {self._names[crowd["image_id"]] for crowd in crowds}

    def write_scaled(self, target: Path, placement_of: PlacementOf) -> None:
        """Write the file for images that have been scaled.

        Raises:
            InputError: Names the file and the person whose coordinates cannot be read.
        """
        write_json(target, self._content(placement_of), indent=None)

    def write_scaled_detections(self, path: str, target: Path, placement_of: PlacementOf) -> None:
        """Write the boxes of a file of detections in images that have been scaled."""
        places = {image: placement_of(name) for image, name in (self._names or {}).items()}
        boxes = []
        for index, one in enumerate(_records(path, "boxes", read_json(path), image_id=int | str)):
            with _naming(f"{path}: box {index} (from 0)"):
                boxes.append(_scale_coco(one, places.get(one["image_id"], UNCHANGED)))
        write_json(target, boxes, indent=None)

    def _content(self, placement_of: PlacementOf) -> Any:
        if self._names is None:
            return self._scaled(self.content, placement_of)
        images = [
            _scale_image(image, placement_of(image["file_name"]))
            for image in self.content["images"]
        ]
        annotations = self._scaled(self.content["annotations"], placement_of)
        return {**self.content, "images": images, "annotations": annotations}

    def _scaled(self, records: Iterable[dict], placement_of: PlacementOf) -> list[dict]:
        scaled = []
        for index, one in enumerate(records):
            if self._names is None:
                who, name = f"person {index} (from 0), image {one['image']}", one["image"]
            else:
                who = f"annotation {one.get('id')}, image {one['image_id']}"
                name = self._names[one["image_id"]]
            scale = _scale_mpii if self._names is None else _scale_coco
            with _naming(f"annotation file {self.path}: {who}"):
                scaled.append(scale(one, placement_of(name)))
        return scaled


def annotation_file(path: str) -> AnnotationFile | LSPFile:
    """Read an annotation file.

    Raises:
        InputError: It is in none of the formats that can be scaled.
    """
    return LSPFile(path) if path.endswith(".mat") else AnnotationFile(path)


def _records(path: str, name: str, records: Any, **kinds: Any) -> list[dict]:
    """Return the objects of a list, if each has what it needs."""
    if not isinstance(records, list):
        raise InputError(f"annotation file {path}: {name} must be a list, got {str(records)[:80]}")
    for index, one in enumerate(records):
        for key, kind in kinds.items():
            if not isinstance(one, dict) or not isinstance(one.get(key), kind):
                raise InputError(
                    f"annotation file {path}: {name} {index} (from 0) needs {key}, got "
                    f"{str(one)[:80]}"
                )
    return records


@contextmanager
def _naming(who: str) -> Iterator[None]:
    """Name the entry whose coordinates cannot be scaled."""
    try:
        with np.errstate(over="raise", invalid="raise"):
            yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{who}: cannot be scaled ({type(error).__name__}: {error})") from error


def _scale_points(points: Any, place: Placement, origin: int = 0) -> np.ndarray:
    """Move points (..., 2) along with an image whose first pixel is `origin` (1 in MATLAB)."""
    shift = 0.5 - origin
    inside = np.array(points, dtype=float) + shift - (place.left, place.top)
    return np.round(inside * (place.x, place.y) - shift, _DIGITS)


def _scale_mpii(person: dict, place: Placement) -> dict:
    if place == UNCHANGED:
        return person
    mean = math.sqrt(place.x * place.y)
    annotated = np.array(person["joints_vis"], dtype=float)[:, None] > 0
    joints = np.array(person["joints"], dtype=float)
    moved = np.where(annotated, _scale_points(joints, place, 1), joints)
    scaled = dict(person, joints=moved.tolist())
    if person["scale"] > 0:
        scaled["scale"] = person["scale"] * mean
        scaled["center"] = _scale_points(person["center"], place, 1).tolist()
    if person.get("head_box") is not None:
        corners = np.reshape(person["head_box"], (2, 2))
        scaled["head_box"] = _scale_points(corners, place, 1).ravel().tolist()
    if person.get("head_size") is not None:
        scaled["head_size"] = person["head_size"] * mean
    return scaled


def _scale_image(image: dict, place: Placement) -> dict:
    sides = zip(("width", "height"), place.size or (), strict=False)
    return image | {side: length for side, length in sides if side in image}


def _scale_coco(annotation: dict, place: Placement) -> dict:
    """Scale a person or a detected box, with COCO-WholeBody's hands, feet and face."""
    if place == UNCHANGED:
        return annotation
    scaled = dict(annotation)
    for key, value in annotation.items():
        if key == "bbox" or key.endswith("_box"):
            corner, size = (
                _scale_points(value[:2], place),
                np.multiply(value[2:4], (place.x, place.y)),
            )
            scaled[key] = [*corner.tolist(), *np.round(size, _DIGITS).tolist()]
        elif key == "keypoints" or key.endswith("_kpts"):
            points = np.reshape(np.array(value, dtype=float), (-1, 3))
            moved = _scale_points(points[:, :2], place)
            points[:, :2] = np.where(points[:, 2:] > 0, moved, points[:, :2])
            scaled[key] = points.ravel().tolist()
        elif key == "area":
            scaled[key] = value * place.x * place.y
        elif key == "segmentation" and isinstance(value, list):
            scaled[key] = [
                _scale_points(np.reshape(line, (-1, 2)), place).ravel().tolist() for line in value
            ]
    return scaled
