"""Scale annotation files along with their images: COCO's keypoints and MMPose's MPII format."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """Annotations in COCO's or in MMPose's MPII format, which the content tells.

    Args:
        path: JSON file.

    Raises:
        InputError: The file is in neither format.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.content: Any = read_json(path) if path.endswith(".json") else None
        self.is_coco = isinstance(self.content, dict) and {"images", "annotations"} <= {
            *self.content
        }
        if not self.is_coco and not isinstance(self.content, list):
            raise InputError(
                f"annotation file {path} is neither in COCO's nor in MMPose's MPII format (JSON); "
                "data sets of other formats cannot be shrunk"
            )

    def images(self, *, rigid_alone: bool = False) -> set[str]:
        """Return the names of all images, or of those with annotations that cannot be scaled.

        Those are crowds, which COCO has as runs of pixels.
        """
        if not self.is_coco:
            return set() if rigid_alone else {person["image"] for person in self.content}
        names = {image["id"]: image["file_name"] for image in self.content["images"]}
        if not rigid_alone:
            return set(names.values())
        annotations = self.content["annotations"]
        return {
            names[one["image_id"]]
            for one in annotations
            if isinstance(one.get("segmentation"), dict)
        }

    def scaled(self, factor_of: FactorOf) -> Any:
        """Return the content for images that have been scaled.

        Raises:
            InputError: Names the file and the person whose coordinates cannot be read.
        """
        if not self.is_coco:
            people = []
            for index, person in enumerate(self.content):
                with self._about(f"person {index} (from 0), image {person['image']}"):
                    people.append(_scale_mpii(person, factor_of(person["image"])))
            return people
        factors = {image["id"]: factor_of(image["file_name"]) for image in self.content["images"]}
        images = [_scale_image(image, factors[image["id"]]) for image in self.content["images"]]
        annotations = []
        for one in self.content["annotations"]:
            with self._about(f"annotation {one.get('id')}, image {one.get('image_id')}"):
                annotations.append(_scale_coco(one, factors[one["image_id"]]))
        return {**self.content, "images": images, "annotations": annotations}

    def scaled_detections(self, path: str, factor_of: FactorOf) -> list[dict]:
        """Return the boxes of a file of detections in images that have been scaled."""
        factors = {image["id"]: factor_of(image["file_name"]) for image in self.content["images"]}
        return [
            _scale_coco(one, factors.get(one["image_id"], UNCHANGED)) for one in read_json(path)
        ]

    @contextmanager
    def _about(self, who: str) -> Iterator[None]:
        """Say whose annotation cannot be read."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"annotation file {self.path}: {who}: cannot be scaled "
                f"({type(error).__name__}: {error})"
            ) from error


def scale_points(points: Any, factors: Factors, origin: int = 0) -> np.ndarray:
    """Return where points (..., 2) of an image lie in the scaled one.

    Args:
        points: x, y; the first pixel's center is `origin`.
        factors: Of the image.
        origin: 0, or 1 in MATLAB's pixels.
    """
    shift = 0.5 - origin
    return np.round((np.array(points, dtype=float) + shift) * factors - shift, _DIGITS)


def _scale_mpii(person: dict, factors: Factors) -> dict:
    if factors == UNCHANGED:
        return person
    mean = math.sqrt(factors[0] * factors[1])
    annotated = np.array(person["joints_vis"], dtype=float)[:, None] > 0
    joints = np.array(person["joints"], dtype=float)
    scaled = dict(
        person, joints=np.where(annotated, scale_points(joints, factors, 1), joints).tolist()
    )
    if person["scale"] > 0:
        scaled["scale"] = person["scale"] * mean
        scaled["center"] = scale_points(person["center"], factors, 1).tolist()
    if person.get("head_box") is not None:
        corners = np.reshape(person["head_box"], (2, 2))
        scaled["head_box"] = scale_points(corners, factors, 1).ravel().tolist()
    if person.get("head_size") is not None:
        scaled["head_size"] = person["head_size"] * mean
    return scaled


def _scale_image(image: dict, factors: Factors) -> dict:
    if factors == UNCHANGED:
        return image
    size = {
        side: round(image[side] * factor)
        for side, factor in zip(("width", "height"), factors, strict=True)
        if side in image
    }
    return image | size


def _scale_coco(annotation: dict, factors: Factors) -> dict:
    """Scale a person, or a detected box; of COCO-WholeBody also hands, feet and face."""
    if factors == UNCHANGED:
        return annotation
    scaled = dict(annotation)
    for key, value in annotation.items():
        if key == "bbox" or key.endswith("_box"):
            corner, size = scale_points(value[:2], factors), np.multiply(value[2:4], factors)
            scaled[key] = [*corner.tolist(), *np.round(size, _DIGITS).tolist()]
        elif key == "keypoints" or key.endswith("_kpts"):
            points = np.reshape(np.array(value, dtype=float), (-1, 3))
            moved = scale_points(points[:, :2], factors)
            points[:, :2] = np.where(points[:, 2:] > 0, moved, points[:, :2])
            scaled[key] = points.ravel().tolist()
        elif key == "area":
            scaled[key] = value * factors[0] * factors[1]
        elif key == "segmentation" and isinstance(value, list):
            scaled[key] = [
                scale_points(np.reshape(line, (-1, 2)), factors).ravel().tolist() for line in value
            ]
    return scaled
