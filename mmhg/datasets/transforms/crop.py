"""MMPose's crop without its slow path, and the authors' crop, half an input pixel beside it."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import cv2
import numpy as np
from mmpose.datasets.transforms import TopdownAffine
from mmpose.registry import TRANSFORMS

from mmhg.datasets.transforms.crop_box import crop_box, extent
from mmhg.datasets.transforms.image_frame import ImageFrame

_CV2_FLIP_CODES = {(False, True): 1, (True, False): 0, (True, True): -1}
"""By whether rows and columns run backwards."""


_scratch = threading.local()
"""Memory for mirrored images: to ask the system for it every time costs more than to mirror."""


def contiguous(image: np.ndarray, part: tuple[slice, slice]) -> np.ndarray:
    """`image` (H, W, ...) in memory order, if it is a mirrored view; only `part` of it has pixels.

    MMPose's `RandomFlip` leaves such views. OpenCV would copy the whole of one, element by element:
    5 to 8 ms for 1280 x 720. What is returned is good until the next call in the same thread.
    """
    backwards = image.strides[0] < 0, image.strides[1] < 0
    if backwards not in _CV2_FLIP_CODES:
        return image
    if getattr(_scratch, "memory", np.empty(0)).nbytes < image.nbytes:
        _scratch.memory = np.empty(image.nbytes, np.uint8)
    mirrored = _scratch.memory[: image.nbytes].view(image.dtype).reshape(image.shape)
    rows, columns = (slice(None, None, -1 if axis else 1) for axis in backwards)
    forwards = image[part][rows, columns]
    if forwards.size:
        cv2.flip(forwards, _CV2_FLIP_CODES[backwards], dst=mirrored[part])
    return mirrored


@TRANSFORMS.register_module()
class PersonCrop(TopdownAffine):
    """`TopdownAffine`, bit for bit, that is fast after a flip and knows `LoadPersonRegion`.

    Takes the settings of :class:`mmpose.datasets.transforms.TopdownAffine`. After
    `LoadPersonRegion` all coordinates are the image file's again.
    """

    def transform(self, results: dict) -> dict:
        """As `TopdownAffine`, which also says what is read and set.

        Raises:
            InputError: The box is no longer the one that the image was loaded for.
        """
        frame: ImageFrame | None = results.pop("img_frame", None)
        if frame is not None:
            frame.check(results, self.input_size)
        center = results["bbox_center"]
        results["bbox_center"] = self._middle(results)
        image, part = results["img"], self._shown(results)
        if isinstance(image, list):
            results["img"] = [contiguous(one, part) for one in image]
        else:
            results["img"] = contiguous(image, part)
        results = super().transform(results)
        results["bbox_center"] = center
        if frame is not None:
            frame.leave(results)
        return results

    def _shown(self, results: dict) -> tuple[slice, slice]:
        """Rows and columns of the image that the crop reads."""
        center, size, angle = crop_box(results, self.input_size)
        margin = 2 + max(size[0] / self.input_size[0], size[1] / self.input_size[1])
        columns, rows = (
            slice(max(0, math.floor(at - half)), max(0, math.ceil(at + half) + 1))
            for at, half in zip(
                center, (side / 2 + margin for side in extent(size, angle)), strict=True
            )
        )
        return rows, columns

    def _middle(self, results: dict) -> np.ndarray:
        """What falls on input pixel (W / 2, H / 2), (1, 2) in px of `results['img']`."""
        return results["bbox_center"]


@TRANSFORMS.register_module()
class HourglassCrop(PersonCrop):
    """Crop a person so that the box's centre falls on the middle of the input.

    The middle of 256 pixels lies between pixels 127 and 128 (0-based), at 127.5; `TopdownAffine`
    puts the centre on pixel 128. Here, as in the authors' code, the input covers exactly the box.
    Their code rounds the box to whole image pixels first, which this does not. Outside of the image
    is black.

    `input_center` is where input pixel (W / 2, H / 2) lies in the image, as MMPose takes it to be
    when it maps predictions back.

    Args:
        input_size: Width and height of the network's input in px.
    """

    def __init__(self, input_size: Sequence[int]) -> None:
        super().__init__(tuple(input_size))

    def _middle(self, results: dict) -> np.ndarray:
        """The box's centre, half a pixel of the input further right and down in the input."""
        _, (side, _), angle = crop_box(results, self.input_size)
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        half_pixel = np.array([cos - sin, sin + cos]) * (side / self.input_size[0] / 2)
        return results["bbox_center"] + half_pixel

    def __repr__(self) -> str:
        return f"{type(self).__name__}(input_size={self.input_size})"
