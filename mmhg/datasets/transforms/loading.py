"""Load images, and refuse damaged ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.config import Config
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from mmhg.errors import InputError
from mmhg.pictures import MAX_PIXELS, decode_picture, read_picture_file
from mmhg.utils.inside import check_links


@TRANSFORMS.register_module()
class LoadWholeImage(LoadImage):
    """`LoadImage` that refuses a missing, undecodable, damaged, truncated or huge file.

    Takes the settings of `mmpose.datasets.transforms.LoadImage`. With `ignore_empty=True` such a
    file gives None, and the dataset takes another sample. Images are upright, as their EXIF data
    says, unless `color_type` ends in `_ignore_orientation`; `mmhg.pictures.decode_picture` has the
    rules, which training and inference share.

    Args:
        max_pixels: Largest image, width x height. A small file can decode to more pixels than
            memory holds; its header tells.
        settings: As for `LoadImage`.

    Raises:
        InputError: The image cannot be loaded; names the file and the problem.
    """

    way_to_files = "the dataset's data_root and data_prefix"
    """The settings to check if a file cannot be read."""

    def __init__(self, *, max_pixels: int = MAX_PIXELS, **settings: Any) -> None:
        super().__init__(**settings)
        if not isinstance(max_pixels, int) or max_pixels < 1:
            raise InputError(f"max_pixels must be a whole number from 1, got {max_pixels!r}")
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict | None:
        """Read `results['img_path']`, unless there is `results['img']`.

        `results['image_folders']` are the folders that the file must lie in; absent for a file that
        the user named. `results['stated_size']` is the width and height that its annotation states.
        """
        if "img" in results:
            return super().transform(results)
        path = results["img_path"]
        try:
            check_links(path, results.get("image_folders"))
            data = read_picture_file(
                path,
                way_out=self.way_to_files,
                max_pixels=self.max_pixels,
                backend_args=self.backend_args,
            )
            image = decode_picture(
                data,
                f"image {path}",
                flag=self.color_type,
                backend=self.imdecode_backend,
                max_pixels=self.max_pixels,
            )
            check_size(path, image.shape[1::-1], results.get("stated_size"))
        except InputError:
            if self.ignore_empty:
                return None
            raise
        if self.to_float32:
            image = image.astype(np.float32)
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results


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


class _LoadNamedImage(LoadWholeImage):
    """Load a file that the user named, rather than a dataset's settings."""

    way_to_files = "its path"


def load_image(
    path: str, folders: Sequence[str] | None = None, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Load an image (H, W, 3) uint8, blue, green, red, by the rules of `LoadWholeImage`.

    Args:
        path: The file.
        folders: That it must lie in; None lets it lie anywhere.
        max_pixels: Largest width x height.

    Raises:
        InputError: It cannot be loaded.
    """
    results = dict(img_path=path, image_folders=folders)
    loaded = _LoadNamedImage(max_pixels=max_pixels)(results)
    assert loaded is not None
    image: np.ndarray = loaded["img"]
    return image


def max_pixels_of(config: Config) -> int:
    """Return the largest image that a config's test pipeline loads, width x height.

    Inference and the demo page follow it as well.
    """
    for step in config.test_dataloader.dataset.pipeline:
        if str(step["type"]).rpartition(".")[2] == LoadWholeImage.__name__:
            return int(step.get("max_pixels", MAX_PIXELS))
    return MAX_PIXELS
