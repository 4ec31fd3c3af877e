"""Load images, and refuse damaged ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from mmengine.config import Config
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from mmhg.errors import InputError
from mmhg.pictures import (
    MAX_PIXELS,
    decode_picture,
    decode_stored,
    displayable,
    read_picture_file,
    to_bytes,
    to_channels,
)
from mmhg.pictures.channels import ValueRange, check_value_range
from mmhg.utils.inside import check_links

ITS_PATH = "its path"
"""Say what to check of a file that the user named, rather than a dataset's settings."""

_STORED = ("color", "color_ignore_orientation")


@TRANSFORMS.register_module()
class LoadWholeImage(LoadImage):
    """`LoadImage` for pictures of any channels and bits, that refuses a damaged or huge file.

    The picture that it gives is (H, W, channels) with values from 0 to 255: uint8, or float32 if
    the file has more bits or `value_range` is set. A picture that is there already, as in
    inference, is brought to the same form.

    Takes the settings of `mmpose.datasets.transforms.LoadImage`. With `ignore_empty=True` such a
    file gives None, and the dataset takes another sample. Images are upright, as their EXIF data
    says, unless `color_type` ends in `_ignore_orientation`; `mmhg.pictures.decode_picture` has the
    rules, which training and inference share.

    A reader of your own for another kind of file overrides `decode`.

    Args:
        channels: Of the picture: 3 for color (blue, green, red), 1 for gray. Files of the other
            kind are converted, and alpha is dropped. For any other number the files must have as
            many. None is 3, or what `color_type` and `imdecode_backend` give.
        value_range: The values that become 0 and 255, such as `(0, 4095)` for 12 bits;
            `'image'` takes the least and the largest of each picture. None takes 0 to 255 of 8
            bits, and 0 to 65535 of 16 bits.
        max_pixels: Largest image, width x height. A small file can decode to more pixels than
            memory holds; its header tells.
        settings: As for `LoadImage`.

    Raises:
        InputError: The image cannot be loaded; names the file and the problem.
    """

    way_to_files = "the dataset's data_root and data_prefix"
    """The settings to check if a file cannot be read."""

    def __init__(
        self,
        *,
        channels: int | None = None,
        value_range: Sequence[float] | Literal["image"] | None = None,
        max_pixels: int = MAX_PIXELS,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if channels is not None and (type(channels) is not int or channels < 1):
            raise InputError(f"channels must be a whole number from 1, got {channels!r}")
        own = self.imdecode_backend == "cv2" and self.color_type in _STORED
        if not own and (channels, value_range) != (None, None):
            raise InputError(
                f"channels and value_range are for imdecode_backend='cv2' and color_type one of "
                f"{_STORED}, got {self.imdecode_backend!r} and {self.color_type!r}. Leave those out"
            )
        self.decodes_stored = own
        self.channels = channels or (1 if self.color_type.startswith("grayscale") else 3)
        self.value_range: ValueRange = check_value_range(value_range)
        if not isinstance(max_pixels, int) or max_pixels < 1:
            raise InputError(f"max_pixels must be a whole number from 1, got {max_pixels!r}")
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict | None:
        """Read `results['img_path']`, unless there is `results['img']`.

        `results['image_folders']` are the folders that the file must lie in; absent for a file that
        the user named. `results['stated_size']` is the width and height that its annotation states.
        """
        if "img" in results:
            name = results.get("img_path") or "the image"
            return super().transform(results | {"img": self.convert(results["img"], name)})
        path = results["img_path"]
        try:
            image = self.read(path, results.get("image_folders"))
            check_size(path, image.shape[1::-1], results.get("stated_size"))
            image = self.convert(image, f"image {path}")
        except InputError:
            if self.ignore_empty:
                return None
            raise
        if self.to_float32:
            image = image.astype(np.float32)
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results

    def read(
        self, path: str, folders: Sequence[str] | None = None, way_out: str | None = None
    ) -> np.ndarray:
        """Read a file, (H, W) or (H, W, C), with the values that it has.

        Args:
            path: The file.
            folders: That it must lie in; None lets it lie anywhere.
            way_out: What to check where it cannot be read, for messages.

        Raises:
            InputError: It cannot be loaded.
        """
        check_links(path, folders)
        data = read_picture_file(
            path,
            way_out=way_out or self.way_to_files,
            max_pixels=self.max_pixels,
            backend_args=self.backend_args,
        )
        return self.decode(data, f"image {path}")

    def decode(self, data: bytes, name: str) -> np.ndarray:
        """Decode a file's content, (H, W) or (H, W, C), with the values that it has.

        Args:
            data: The file.
            name: Of the image, for messages.

        Raises:
            InputError: It is no picture, or damaged or too large.
        """
        if self.decodes_stored:
            return decode_stored(
                data,
                name,
                channels=self.channels,
                turn=self.color_type == "color",
                max_pixels=self.max_pixels,
            )
        return decode_picture(
            data,
            name,
            flag=self.color_type,
            backend=self.imdecode_backend,
            max_pixels=self.max_pixels,
        )

    def convert(self, image: np.ndarray, name: str) -> np.ndarray:
        """Bring a picture to the channels and the range of values, (H, W, channels) in 0..255.

        Args:
            image: (H, W) or (H, W, C).
            name: Of the image, for messages.

        Raises:
            InputError: It has other channels, or values whose range is not known.
        """
        if not self.decodes_stored:
            return image
        return to_bytes(to_channels(image, self.channels, name), self.value_range, name)


def check_size(path: str, found: Sequence[int], stated: Sequence | None) -> None:
    """Refuse an image of another width and height than its annotation states.

    Raises:
        InputError: Names the image, and what to do if it has been annotated on its side.
    """
    if stated is None:
        return
    if not isinstance(stated[0], int):  # all people of an image, in bottom-up data
        stated = stated[0]
    if tuple(found) == tuple(stated):
        return
    text = (
        f"image {path} has {found[0]} x {found[1]} px, but its annotation file states "
        f"{stated[0]} x {stated[1]}. "
    )
    if tuple(found) == tuple(stated[::-1]):
        raise InputError(
            f"{text}If its people were annotated on the pixels as they are stored, without EXIF's "
            "orientation, set color_type='color_ignore_orientation' of LoadWholeImage"
        )
    raise InputError(f"{text}Give the image that was annotated, or correct the file")


def load_image(
    path: str, folders: Sequence[str] | None = None, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Load an image (H, W, 3) uint8, blue, green, red, to be looked at or measured.

    `LoadWholeImage` loads what a network is shown. One of more than 8 bits is shown from its least
    to its largest value, one of other channels by some of them.

    Args:
        path: The file.
        folders: That it must lie in; None lets it lie anywhere.
        max_pixels: Largest width x height.

    Raises:
        InputError: It cannot be loaded.
    """
    loader = LoadWholeImage(max_pixels=max_pixels)
    return displayable(loader.read(path, folders, way_out=ITS_PATH))


def loader_of(config: Config) -> LoadWholeImage:
    """Return the step by which a config's test pipeline loads images, which inference follows."""
    for step in config.test_dataloader.dataset.pipeline:
        kind = step["type"]
        kind = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
        if isinstance(kind, type) and issubclass(kind, LoadWholeImage):
            loader: LoadWholeImage = TRANSFORMS.build(step)
            return loader
    return LoadWholeImage()


def max_pixels_of(config: Config) -> int:
    """Return the largest image that a config's test pipeline loads, width x height.

    Inference and the demo page follow it as well.
    """
    return loader_of(config).max_pixels
