"""The authors' crop, which lies half an input pixel beside MMPose's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmpose.datasets.transforms import TopdownAffine
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class HourglassCrop(TopdownAffine):
    """Crop a person so that the box's centre falls on the middle of the input.

    The middle of 256 pixels lies between pixels 127 and 128 (0-based), at 127.5; `TopdownAffine`
    puts the centre on pixel 128. Here, as in the authors' code, the input covers exactly the box.
    Their code rounds the box to whole image pixels first, which this does not. Outside of the image
    is black.

    Args:
        input_size: Width and height of the network's input in px.
    """

    def __init__(self, input_size: Sequence[int]) -> None:
        super().__init__(tuple(input_size))

    def transform(self, results: dict) -> dict:
        """As `TopdownAffine`, which also says what is read and set.

        `input_center` is where input pixel (W / 2, H / 2) lies in the image, as MMPose takes it to
        be when it maps predictions back.
        """
        center = results["bbox_center"]
        results["bbox_center"] = center + self._half_pixel(results)
        results = super().transform(results)
        results["bbox_center"] = center
        return results

    def _half_pixel(self, results: dict) -> np.ndarray:
        """Half a pixel of the input, right and down in it, in image px (2,)."""
        width, height = self.input_size
        (side, _), *_ = self._fix_aspect_ratio(results["bbox_scale"], width / height)
        angle = np.deg2rad(results["bbox_rotation"][0]) if "bbox_rotation" in results else 0.0
        cos, sin = np.cos(angle), np.sin(angle)
        return np.array([cos - sin, sin + cos]) * (side / width / 2)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(input_size={self.input_size})"
