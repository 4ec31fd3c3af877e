"""Scale annotation files along with their images: COCO's keypoints and MMPose's MPII format."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.utils.files import read_json

Factors = tuple[float, float]
"""New px per old px, in x and y."""

UNCHANGED: Factors = (1.0, 1.0)

FactorOf = Callable[[str], Factors]
"""From an image, named as in the annotations, to its factors."""

_DIGITS = 3
"""Decimals of a px that are written."""


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
            self._names = {image["id"]: image["file_name"] for image in self.content["images"]}
        elif not isinstance(self.content, list):
            raise InputError(
                f"annotation file {path} is neither in COCO's nor in MMPose's MPII format (JSON). "
                "Datasets of other formats cannot be shrunk"
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

    def scaled(self, factor_of: FactorOf) -> Any:
        """Return the content for images that have been scaled.

        Raises:
            InputError: Names the file and the person whose coordinates cannot be read.
        """
        if self._names is None:
            return self._scaled(self.content, factor_of)
        images = [
            _scale_image(image, factor_of(image["file_name"])) for image in self.content["images"]
        ]
        annotations = self._scaled(self.content["annotations"], factor_of)
        return {**self.content, "images": images, "annotations": annotations}

    def scaled_detections(self, path: str, factor_of: FactorOf) -> list[dict]:
        """Return the boxes of a file of detections in images that have been scaled."""
        factors = {image: factor_of(name) for image, name in (self._names or {}).items()}
        return [
            _scale_coco(one, factors.get(one["image_id"], UNCHANGED)) for one in read_json(path)
        ]

    def _scaled(self, records: Iterable[dict], factor_of: FactorOf) -> list[dict]:
        scaled = []
        for index, one in enumerate(records):
            try:
                if self._names is None:
                    who = f"person {index} (from 0), image {one['image']}"
                    scaled.append(_scale_mpii(one, factor_of(one["image"])))
                else:
                    who = f"annotation {one.get('id')}, image {one.get('image_id')}"
                    scaled.append(_scale_coco(one, factor_of(self._names[one["image_id"]])))
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"annotation file {self.path}: {who}: cannot be scaled "
                    f"({type(error).__name__}: {error})"
                ) from error
        return scaled


def _scale_points(points: Any, factors: Factors, origin: int = 0) -> np.ndarray:
    """Scale points (..., 2) along with an image whose first pixel is `origin` (1 in MATLAB)."""
    shift = 0.5 - origin
    return np.round((np.array(points, dtype=float) + shift) * factors - shift, _DIGITS)


def _scale_mpii(person: dict, factors: Factors) -> dict:
    if factors == UNCHANGED:
        return person
    mean = math.sqrt(factors[0] * factors[1])
    annotated = np.array(person["joints_vis"], dtype=float)[:, None] > 0
    joints = np.array(person["joints"], dtype=float)
    moved = np.where(annotated, _scale_points(joints, factors, 1), joints)
    scaled = dict(person, joints=moved.tolist())
    if person["scale"] > 0:
        scaled["scale"] = person["scale"] * mean
        scaled["center"] = _scale_points(person["center"], factors, 1).tolist()
    if person.get("head_box") is not None:
        corners = np.reshape(person["head_box"], (2, 2))
        scaled["head_box"] = _scale_points(corners, factors, 1).ravel().tolist()
    if person.get("head_size") is not None:
        scaled["head_size"] = person["head_size"] * mean
    return scaled


def _scale_image(image: dict, factors: Factors) -> dict:
    sides = zip(("width", "height"), factors, strict=True)
    return image | {side: round(image[side] * factor) for side, factor in sides if side in image}


def _scale_coco(annotation: dict, factors: Factors) -> dict:
    """Scale a person or a detected box, with COCO-WholeBody's hands, feet and face."""
    if factors == UNCHANGED:
        return annotation
    scaled = dict(annotation)
    for key, value in annotation.items():
        if key == "bbox" or key.endswith("_box"):
            corner, size = _scale_points(value[:2], factors), np.multiply(value[2:4], factors)
            scaled[key] = [*corner.tolist(), *np.round(size, _DIGITS).tolist()]
        elif key == "keypoints" or key.endswith("_kpts"):
            points = np.reshape(np.array(value, dtype=float), (-1, 3))
            moved = _scale_points(points[:, :2], factors)
            points[:, :2] = np.where(points[:, 2:] > 0, moved, points[:, :2])
            scaled[key] = points.ravel().tolist()
        elif key == "area":
            scaled[key] = value * factors[0] * factors[1]
        elif key == "segmentation" and isinstance(value, list):
            scaled[key] = [
                _scale_points(np.reshape(line, (-1, 2)), factors).ravel().tolist() for line in value
            ]
    return scaled
