"""Crop a person: as MMPose does, without its slow path, or as the authors do."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from mmpose.datasets.transforms import TopdownAffine
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import get_udp_warp_matrix, get_warp_matrix

from mmhg.pictures.warp import LONGEST_SIDE, warp_affine

Size = tuple[float, float]
"""Width and height in px."""

_CV2_FLIP_CODES = {(False, True): 1, (True, False): 0, (True, True): -1}
"""By two flags: rows and columns run backwards."""


def crop_size(results: dict, input_size: Size) -> Size:
    """Enlarge one side of `bbox_scale`, px, to the aspect ratio of `input_size`."""
    width, height = results["bbox_scale"][0].tolist()
    aspect = input_size[0] / input_size[1]
    return max(width, height * aspect), max(height, width / aspect)


def contiguous(image: np.ndarray) -> np.ndarray:
    """Copy a mirrored view (H, W, ...) in memory order; return other images unchanged.

    MMPose's `RandomFlip` leaves such views. OpenCV's crop would copy one element by element: 5 to
    8 ms for 1280 x 720 px.
    """
    backwards = image.strides[0] < 0, image.strides[1] < 0
    if backwards not in _CV2_FLIP_CODES:
        return image
    rows, columns = (slice(None, None, -1 if axis else 1) for axis in backwards)
    return cv2.flip(image[rows, columns], _CV2_FLIP_CODES[backwards]).reshape(image.shape)


@TRANSFORMS.register_module()
class PersonCrop(TopdownAffine):
    """`TopdownAffine`, bit for bit, but fast after a flip, and for images of any size.

    Takes the settings of `mmpose.datasets.transforms.TopdownAffine`.
    """

    def transform(self, results: dict) -> dict:
        """Crop as `TopdownAffine` does, whose documentation lists the keys."""
        center = results["bbox_center"]
        results["bbox_center"] = self._middle(results)
        image = results["img"]
        images = [*map(contiguous, image)] if isinstance(image, list) else [contiguous(image)]
        huge = any(max(each.shape[:2]) > LONGEST_SIDE for each in images)
        results["img"] = [] if huge else images
        results = super().transform(results)
        if huge:
            matrix = self._matrix(results)
            results["img"] = [warp_affine(each, matrix, results["input_size"]) for each in images]
        results["img"] = [
            warped.reshape(*warped.shape[:2], *each.shape[2:])  # OpenCV drops a single channel
            for warped, each in zip(results["img"], images, strict=True)
        ]
        if not isinstance(image, list):
            (results["img"],) = results["img"]
        results["bbox_center"] = center
        return results

    def _matrix(self, results: dict) -> np.ndarray:
        """Return the matrix (2, 3) by which `TopdownAffine` has warped."""
        rotation = results["bbox_rotation"][0] if "bbox_rotation" in results else 0.0
        warp = get_udp_warp_matrix if self.use_udp else get_warp_matrix
        matrix: np.ndarray = warp(
            results["input_center"],
            results["input_scale"],
            rotation,
            output_size=results["input_size"],
        )
        return matrix

    def _middle(self, results: dict) -> np.ndarray:
        """Return the image point (1, 2) in px that falls on input pixel (W / 2, H / 2)."""
        return results["bbox_center"]


@TRANSFORMS.register_module()
class HourglassCrop(PersonCrop):
    """Crop a person so that the box's center falls on the middle of the input.

    The middle of 256 pixels lies between pixels 127 and 128 (0-based), at 127.5; `TopdownAffine`
    puts the center on pixel 128. Here, as in the authors' code, the input covers exactly the box.
    Their code first rounds the box to whole image pixels, which this does not. The crop is black
    outside of the image.

    `input_center` is the image point of input pixel (W / 2, H / 2), as MMPose assumes when it maps
    predictions back.

    Args:
        input_size: Width and height of the network's input in px.
    """

    def __init__(self, input_size: Sequence[int]) -> None:
        super().__init__(tuple(input_size))

    def _middle(self, results: dict) -> np.ndarray:
        """Return the box's center, moved right and down by half a pixel of the input."""
        angle = math.radians(results["bbox_rotation"][0]) if "bbox_rotation" in results else 0.0
        cos, sin = math.cos(angle), math.sin(angle)
        step = crop_size(results, self.input_size)[0] / self.input_size[0]
        half_pixel = np.array([cos - sin, sin + cos]) * step / 2
        return results["bbox_center"] + half_pixel

    def __repr__(self) -> str:
        return f"{type(self).__name__}(input_size={self.input_size})"
