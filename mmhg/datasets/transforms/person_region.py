"""Loading no more of an image than the network's input can show of a person."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.transforms import RandomFlip, TopdownAffine
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import bbox_xyxy2cs

from mmhg.datasets.transforms.bounded_folder import BoundedFolder
from mmhg.datasets.transforms.crop import PersonCrop
from mmhg.datasets.transforms.crop_box import Point, crop_box, extent, fitted
from mmhg.datasets.transforms.image_frame import ImageFrame
from mmhg.datasets.transforms.jpeg import JPEG_START
from mmhg.datasets.transforms.loading import LoadWholeImage
from mmhg.datasets.transforms.reduced_jpeg import decode_reduced, reduction
from mmhg.datasets.transforms.region_file import Region, RegionPlan, read_region, region_bytes
from mmhg.errors import InputError

_MARGIN = 3
"""Px below the crop, of the image's or of the input's, whichever are larger."""


@TRANSFORMS.register_module()
class LoadPersonRegion(LoadWholeImage):
    """`LoadWholeImage` with two switches for speed: reduced decoding, and a cache on disk.

    With both off it is `LoadWholeImage`, but that a JPEG is decoded no further down than the crop
    reaches, where a data set's pipeline goes on with `RandomFlip` (horizontal) and the crop or with
    the crop at once. With a switch on it comes after the steps that set or change the
    person's box (`GetBBoxCenterScale`, `RandomHalfBody`, `RandomScaleRotation`,
    `RandomBBoxTransform`, `ScaleBox`) and before the flip; `img` is smaller than the file's image,
    and keypoints and box are in its px until `PersonCrop` or `HourglassCrop` returns to the file's.
    The input never has fewer image pixels to show than it has pixels itself, unless the file does.

    - `reduce` decodes JPEGs at 1/2, 1/4 or 1/8 of their size where that is enough for the crop.
      It also smooths what the crop would otherwise skip, so pixels are not those of MMPose.
    - `cache_dir` keeps on disk, for each person, the region that the crop can come from, at the
      resolution that the closest crop needs. A region is made when its person is first met, from
      the whole image; a crop that needs more is made from the image as without a cache. Regions are
      uncompressed: 3 bytes a pixel, for a 256 x 256 input and the other settings as they are at
      most 590 x 590 px or 1 MB, less for people of fewer pixels. Where the region has the file's
      resolution, pixels are the same as without a cache; else they are means over the file's.

    A region belongs to the image's path, time of change and size, the person's box and the settings
    below; if any of them changes it is made anew. Damaged files are made anew, too. Any number of
    processes may share a folder. When `max_bytes` are reached, or the folder cannot be written to,
    the log says so and what is there goes on being used.

    Takes the settings of :class:`mmpose.datasets.transforms.LoadImage` as well.

    Args:
        input_size: Width and height of the network's input in px, as the crop's.
        reduce: Decode at reduced size.
        cache_dir: Folder of the cache, made if need be. None is none.
        max_bytes: Bound of all regions in `cache_dir` together.
        padding: That of `GetBBoxCenterScale`.
        scale_range: Smallest and largest factor of the box's side for which the cache is made.
        rotation: Largest angle in degrees for which the cache is made.
        shift: Largest shift of the box's centre for which the cache is made, as a fraction of the
            box's side.

    Raises:
        InputError: As `LoadWholeImage`; or a step of the pipeline does not fit, or a setting.
    """

    def __init__(
        self,
        input_size: Sequence[int],
        *,
        reduce: bool = False,
        cache_dir: str | None = None,
        max_bytes: float = 32e9,
        padding: float = 1.25,
        scale_range: Sequence[float] = (0.75, 1.25),
        rotation: float = 30.0,
        shift: float = 0.0,
        **load_image: Any,
    ) -> None:
        super().__init__(**load_image)
        if not 0 < scale_range[0] <= scale_range[1]:
            raise InputError(f"scale_range must be positive and ascending, got {scale_range}")
        if (reduce or cache_dir) and not self._in_opencvs_colors:
            raise InputError(
                "reduce and cache_dir need color_type='color' and imdecode_backend='cv2', got "
                f"{self.color_type!r} and {self.imdecode_backend!r}"
            )
        if cache_dir and self.backend_args:
            raise InputError(
                f"cache_dir needs images in local files, got backend_args={self.backend_args}"
            )
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.reduce = reduce
        self.cache = BoundedFolder(Path(cache_dir), max_bytes) if cache_dir else None
        self.padding = padding
        self.scale_range = tuple(scale_range)
        self.rotation = rotation
        self.shift = shift

    def _load(self, results: dict) -> None:
        ends_at_crop = self._ends_at_crop(results)
        if self.reduce or self.cache:
            _refuse_misfits(results)
        elif not ends_at_crop:
            super()._load(results)
            return
        center, size, angle = crop_box(results, self.input_size)
        across, down = extent(size, angle)
        half = across / 2, down / 2
        finest = size[0] / self.input_size[0]
        rows = center[1] + half[1] + _MARGIN * max(1, finest) if ends_at_crop else math.inf
        image, frame = self._cached(results, center, half, finest) or self._decoded(
            results, finest, rows
        )
        frame.enter(results, image, self.input_size)

    def _ends_at_crop(self, results: dict) -> bool:
        """Whether nothing but the crop looks at the image, so that what is below may be missing."""
        steps = getattr(getattr(results.get("dataset"), "pipeline", None), "transforms", [])
        if self not in steps or not self._in_opencvs_colors or "bbox_scale" not in results:
            return False
        for step in steps[steps.index(self) + 1 :]:
            if isinstance(step, PersonCrop):
                return tuple(step.input_size) == self.input_size
            if not (isinstance(step, RandomFlip) and step.direction == "horizontal"):
                return False
        return False

    def _decoded(self, results: dict, finest: float, rows: float) -> tuple[np.ndarray, ImageFrame]:
        """The image's upper `rows` at least, with at most `finest` file px per px."""
        path = results["img_path"]
        data = self._read(path)
        factor = reduction(finest) if self.reduce and data.startswith(JPEG_START) else 1
        if factor > 1:
            return decode_reduced(data, factor, lambda flag: self._decode(data, path, flag), rows)
        image, full_shape = self._open(data, path, rows)
        return image, ImageFrame(full_shape)

    def _cached(
        self, results: dict, center: Point, half: Point, finest: float
    ) -> tuple[np.ndarray, ImageFrame] | None:
        """The region from the cache, made if it is not there; None where the crop needs more."""
        if self.cache is None:
            return None
        plan = self._plan(results["bbox"])
        if not plan.suffices(center, half, finest):
            return None
        path = results["img_path"]
        try:
            stat = os.stat(path)
        except OSError:
            return None  # loading it says what is wrong
        name, version = plan.name(path), (stat.st_mtime_ns, stat.st_size)
        region = read_region(self.cache.folder / name, version)
        if region is None:
            if not self.cache.open:
                return None
            region = Region.cut(self._open(self._read(path), path)[0], plan)
            self.cache.write(name, region_bytes(region, version))
        return region.image, region.frame

    def _plan(self, bbox: np.ndarray) -> RegionPlan:
        """What the cache holds of a person, whatever is drawn within the settings."""
        centers, scales = bbox_xyxy2cs(bbox, padding=self.padding)
        (x, y), size = centers[0].tolist(), fitted(scales, self.input_size)
        width, height = size
        smallest, largest = self.scale_range
        # The extent of a turned box is largest where its diagonal lies along the axis.
        across, _ = extent(size, min(self.rotation, math.degrees(math.atan2(height, width))))
        _, down = extent(size, min(self.rotation, math.degrees(math.atan2(width, height))))
        half = (
            across * largest / 2 + self.shift * width,
            down * largest / 2 + self.shift * height,
        )
        return RegionPlan.around((x, y), half, finest=smallest * width / self.input_size[0])

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(input_size={self.input_size}, reduce={self.reduce}, "
            f"cache={self.cache}, padding={self.padding}, scale_range={self.scale_range}, "
            f"rotation={self.rotation}, shift={self.shift}, {super().__repr__()})"
        )


def _refuse_misfits(results: dict) -> None:
    """Refuse a pipeline that would take the region for the image."""
    if "bbox_scale" not in results:
        raise InputError("LoadPersonRegion comes after GetBBoxCenterScale")
    if "flip" in results:
        raise InputError("LoadPersonRegion comes before the flip")
    pipeline = getattr(results.get("dataset"), "pipeline", None)
    for step in getattr(pipeline, "transforms", ()):
        if isinstance(step, TopdownAffine) and not isinstance(step, PersonCrop):
            raise InputError(
                "after LoadPersonRegion, TopdownAffine would leave coordinates in the region's "
                "pixels; take PersonCrop, which has the same settings"
            )
