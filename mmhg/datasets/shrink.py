"""Copy a dataset with each image no larger than the network's input can show of its people."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import DefaultScope
from mmpose.datasets.transforms import GetBBoxCenterScale, RandomBBoxTransform, RandomHalfBody
from mmpose.registry import DATASETS

from mmhg.datasets.shrink_annotations import (
    UNCHANGED,
    AnnotationFile,
    LSPFile,
    Placement,
    annotation_file,
)
from mmhg.datasets.transforms.augmentation import RandomScaleRotation, ScaleBox
from mmhg.datasets.transforms.crop import crop_size
from mmhg.datasets.transforms.loading import ITS_PATH, LoadWholeImage
from mmhg.errors import InputError
from mmhg.pictures import check_regular
from mmhg.utils.inside import check_links
from mmhg.utils.progress import with_progress

SPLITS = ("train", "val", "test")

_WORTHWHILE = 0.9
"""Images that would keep more than this of their sides are copied: each resampling blurs."""

_JPEG_SUFFIXES = (".jpg", ".jpeg")


@dataclass(frozen=True)
class ShrinkReport:
    """Count the work done.

    Attributes:
        shrunk: Number of images that became smaller.
        copied: Number of files that were copied unchanged.
        bytes_before, bytes_after: Sizes of the images' folders.
    """

    shrunk: int
    copied: int
    bytes_before: int
    bytes_after: int


Window = tuple[float, float, float, float]
"""Left, top, right and bottom edge of the part of an image that stays, in px."""

_WHOLE: Window = (0, 0, math.inf, math.inf)


@dataclass(frozen=True)
class _Split:
    """A split of the dataset: its people and files; `shrinks` if its images are to be reduced."""

    dataset: BaseDataset
    pipeline: Sequence[dict]
    annotations: AnnotationFile | LSPFile
    shrinks: bool

    @property
    def folder(self) -> str:
        """Return the folder of the images."""
        return self.dataset.data_prefix["img"]

    @property
    def allowed(self) -> list[str]:
        """Return the folders that images may lie in."""
        return [
            *(getattr(self.dataset, "image_folders", None) or [self.folder]),
            *getattr(self.dataset, "linked_folders", ()),
        ]

    def files(self) -> Iterator[str]:
        """Yield the files in the images' folder, each folder once though links may lead in circles.

        Raises:
            InputError: A link leads out of the dataset's folders.
        """
        seen = set()
        for folder, inner, names in os.walk(self.folder, followlinks=True):
            check_links(folder, self.allowed)
            if (real := os.path.realpath(folder)) in seen:
                inner.clear()
                continue
            seen.add(real)
            yield from (os.path.join(folder, name) for name in names)

    def people(self) -> Iterator[dict]:
        """Yield the people of this split alone."""
        self.dataset.full_init()
        for index in range(len(self.dataset)):
            yield self.dataset.get_data_info(index)

    def kept_images(self) -> set[str]:
        """Return paths of the images that stay as they are, because of this split."""
        if not self.shrinks and getattr(self.dataset, "hold_out", None) is not None:
            return {person["img_path"] for person in self.people()}
        images = self.annotations.rigid_images if self.shrinks else self.annotations.images
        return {os.path.join(self.folder, image) for image in images()}


def shrink_dataset(
    cfg: Config,
    out: str | Path,
    *,
    splits: Sequence[str] = ("train",),
    input_size: tuple[int, int] | None = None,
    quality: int = 90,
    crop: float | None = None,
    longest: int | None = None,
    workers: int | None = None,
) -> ShrinkReport:
    """Copy the images and annotations that a config names, with the images of `splits` reduced.

    An image is reduced by the smallest factor with which, for each of its people, the closest crop
    that the split's pipeline draws still has as many image pixels as the input. Images without
    people, or of a split that is not shrunk, are copied unchanged. The layout stays.

    With `crop` each image is also cut to a square about its people, for a dataset that must be
    small: what lies outside is black where the augmentation would have shown it.

    Args:
        cfg: Config with top-down data loaders, whose datasets lie below one `data_root`.
        out: Folder to make; it must not exist, or be empty.
        splits: Some of `'train'`, `'val'`, `'test'`.
        input_size: Width and height of the input in px; None takes the crop's of the pipeline.
        quality: Quality of JPEGs, 1 to 100. Other images keep their format.
        crop: Side of the square about a person over the longer side of the box, 1 or more; an image
            of several people keeps all of their squares. None cuts nothing.
        longest: With `crop`, the largest side of an image in px; None sets no bound.
        workers: Number of threads; None is one per CPU core.

    Raises:
        InputError: Names the file, the person or the setting that cannot be used.
    """
    out = Path(out).resolve()
    if not 1 <= quality <= 100:
        raise InputError(f"quality must be 1 to 100, got {quality}")
    if workers is not None and workers < 1:
        raise InputError(f"workers must be 1 or more, got {workers}")
    if input_size and min(input_size) < 1:
        raise InputError(f"input_size must be a width and a height in px, got {input_size}")
    if crop is not None and not 1 <= crop < math.inf:
        raise InputError(f"crop must be 1 (the box) or more, got {crop}")
    if longest is not None and (crop is None or longest < 8):
        raise InputError(f"longest needs crop, and at least 8 px, got {longest} with crop {crop}")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} exists already. Remove it, or name another folder")
    with DefaultScope.overwrite_default_scope("mmpose"):
        root, found = _read_splits(cfg, splits)
        factors, windows = _plan(root, found, input_size, crop)
    if out.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{out} lies in the dataset {root} itself. Name a folder beside it")

    with _new_folder(out) as copy, ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        allowed = [folder for split in found for folder in split.allowed]

        def shrink(name: str) -> Placement:
            source, target, window = root / name, copy / name, windows.get(name)
            check_links(str(source), allowed)
            if window is None:
                return shrink_image(source, target, factors[name], quality)
            return crop_image(source, target, window, factors[name], longest, quality)

        try:
            results = with_progress(pool.map(shrink, factors), len(factors), "images")
            done = dict(zip(factors, results, strict=True))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        _write_annotations(found, root, copy, done)
        before, after = (sum((top / name).stat().st_size for name in done) for top in (root, copy))
    shrunk = sum(place != UNCHANGED for place in done.values())
    return ShrinkReport(shrunk, len(done) - shrunk, before, after)


def shrink_image(source: Path, target: Path, factor: float, quality: int = 90) -> Placement:
    """Write an image at `factor` of its size, or a little more; return what became of it.

    Raises:
        InputError: Names the file, which is missing, damaged or of an unknown kind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if factor > _WORTHWHILE:
        try:
            check_regular(str(source))
            shutil.copyfile(source, target)
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"cannot copy {source} to {target}: {reason}") from error
        return UNCHANGED
    return crop_image(source, target, _WHOLE, factor, None, quality)


def crop_image(
    source: Path,
    target: Path,
    window: Window,
    factor: float,
    longest: int | None,
    quality: int = 90,
) -> Placement:
    """Write the part of an image in a window, at `factor` of its size or as `longest` allows.

    Args:
        source: The image.
        target: The copy.
        window: Is cut to the image.
        factor: New px per old px, or a little more; above 0.9 all pixels stay.
        longest: Largest side of the copy in px; None sets no bound.
        quality: Of JPEGs.

    Raises:
        InputError: Names the file, which is missing, damaged or of an unknown kind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    image = _load(source)
    left, top = max(math.floor(window[0]), 0), max(math.floor(window[1]), 0)
    right = math.ceil(min(window[2], image.shape[1]))
    bottom = math.ceil(min(window[3], image.shape[0]))
    if left >= right or top >= bottom:  # a box outside of the image
        left, top, right, bottom = 0, 0, image.shape[1], image.shape[0]
    image = image[top:bottom, left:right]
    height, width = image.shape[:2]
    size = width, height
    bound = longest / max(size) if longest else 1.0
    if bound < min(factor, 1.0):
        size = round(width * bound), round(height * bound)
    elif factor <= _WORTHWHILE:
        size = reduced_size(size, factor)
    if size != (width, height):
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    try:
        data = cv2.imencode(
            source.suffix, image, settings if source.suffix.lower() in _JPEG_SUFFIXES else []
        )[1]
    except cv2.error as error:
        raise InputError(f"image {source}: OpenCV cannot write {source.suffix} files") from error
    target.write_bytes(data.tobytes())
    return Placement(size[0] / width, size[1] / height, left, top, size)


def _load(source: Path) -> np.ndarray:
    """Load an image (H, W, 3) uint8; refuse one that its copy would have less of."""
    image = LoadWholeImage().read(str(source), way_out=ITS_PATH)
    if image.dtype != np.uint8 or image.shape[2:] not in ((), (3,)):
        raise InputError(
            f"image {source} is {image.dtype}, of shape {image.shape}. Copies have 8 bits and one "
            "or three channels, which would lose some of it. Train on the images as they are"
        )
    return image


def reduced_size(size: tuple[int, int], factor: float) -> tuple[int, int]:
    """Return at least `factor` of a width and height, rounded so that the shape changes least."""
    width, height = size
    first = math.ceil(width * factor - 1e-6)
    choices = [
        (wide, max(round(height * wide / width), math.ceil(height * factor - 1e-6)))
        for wide in range(first, min(first + 16, width) + 1)
    ]
    return min(choices, key=lambda choice: abs(choice[1] * width / (choice[0] * height) - 1))


class _ClosestCrop:
    """Compute the resolution that a pipeline can show of a person.

    Args:
        pipeline: The pipeline of a split.
        input_size: Width and height in px; None takes the crop's.
    """

    def __init__(self, pipeline: Sequence[dict], input_size: tuple[int, int] | None) -> None:
        steps = Compose(pipeline).transforms
        sizes = [step.input_size for step in steps if hasattr(step, "input_size")]
        if input_size is None and not sizes:
            raise InputError("the config's pipeline has no step with an input_size. Give one")
        self.input_size = input_size or sizes[0]
        self.steps = [step for step in steps if isinstance(step, GetBBoxCenterScale)]
        self.halves: list[RandomHalfBody] = []
        self.closest = 1.0
        for step in steps:
            if isinstance(step, RandomScaleRotation):
                self.closest *= step.smallest_factor
            elif isinstance(step, RandomBBoxTransform):
                self.closest *= step.scale_factor[0]
            elif isinstance(step, ScaleBox):
                self.closest *= step.factor
            elif isinstance(step, RandomHalfBody):
                settings = {**vars(step), "prob": 1.0}
                self.halves = [
                    RandomHalfBody(**{**settings, "upper_prioritized_prob": upper})
                    for upper in (0.0, 1.0)
                ]

    def factor(self, person: dict) -> float:
        """Return the factor at which the closest crop has one image pixel per input pixel."""
        for step in self.steps:
            person = step(person)
        views = [person, *(half(dict(person)) for half in self.halves)]
        return max(
            self.input_size[0] / max(self.closest * crop_size(view, self.input_size)[0], 1e-6)
            for view in views
        )


def _read_splits(cfg: Config, wanted: Sequence[str]) -> tuple[Path, list[_Split]]:
    """Return the data root and the splits: the wanted ones, and others that exist."""
    datasets = {}
    for name in SPLITS:
        settings = (cfg.get(f"{name}_dataloader") or {}).get("dataset") or {}
        if "ann_file" in settings:
            datasets[name] = DATASETS.build({**settings, "pipeline": [], "lazy_init": True})
        elif name in wanted:
            raise InputError(
                f"the config's {name}_dataloader.dataset has no ann_file of its own. Only "
                "datasets in COCO's or in MMPose's MPII format can be shrunk"
            )
    parts = {_part(datasets[name]) for name in wanted}
    splits: dict[tuple, _Split] = {}
    for name, dataset in datasets.items():
        path, shrinks = dataset.ann_file, _part(dataset) in parts
        key = *_part(dataset), getattr(dataset, "bbox_file", None)
        if key in splits or not (shrinks or Path(path).exists()):
            continue
        if dataset.data_mode != "topdown":
            raise InputError(
                f"{name}_dataloader.dataset has data_mode {dataset.data_mode!r}. "
                "Only top-down data can be shrunk"
            )
        if shrinks and getattr(dataset, "headbox_file", None):
            raise InputError(
                f"{name}_dataloader.dataset has head boxes in {dataset.headbox_file}, which cannot "
                "be shrunk. Convert MPII's own file, whose annotations have them"
            )
        pipeline = cfg[f"{name}_dataloader"].dataset.pipeline
        splits[key] = _Split(dataset, pipeline, annotation_file(path), shrinks)
    roots = {split.dataset.data_root for split in splits.values()}
    if len(roots) != 1:
        raise InputError(f"the splits must lie below one data_root, got {sorted(roots)}")
    for split in splits.values():  # before anybody has waited for the images
        boxes = getattr(split.dataset, "bbox_file", None)
        for path in filter(None, (split.dataset.ann_file, boxes)):
            _below(Path(split.dataset.data_root), path)
        if split.shrinks and boxes and not Path(boxes).exists():
            raise InputError(f"there is no bbox_file {boxes}. Set it to None, or fetch the file")
    return Path(roots.pop()), list(splits.values())


def _part(dataset: BaseDataset) -> tuple:
    """Identify the people of a dataset: a file's, or those of its part that trains or validates."""
    held_out = getattr(dataset, "hold_out", None) is not None
    return (
        dataset.ann_file,
        getattr(dataset, "split", None),
        dataset.test_mode if held_out else None,
    )


def _plan(
    root: Path,
    splits: Sequence[_Split],
    input_size: tuple[int, int] | None,
    crop: float | None,
) -> tuple[dict[str, float], dict[str, Window]]:
    """Return the factor of each file in the images' folders, by its path below `root`.

    The second result has the window of each image that is cut.
    """
    factors: dict[str, float] = {}
    windows: dict[str, Window] = {}
    for split in (split for split in splits if split.shrinks):
        closest = _ClosestCrop(split.pipeline, input_size)
        for person in split.people():
            name = _below(root, person["img_path"])
            if crop:
                window = _window(person, crop)
                windows[name] = _union(windows.get(name, window), window)
            factor = closest.factor(person) if "bbox" in person else 1.0
            factors[name] = max(factors.get(name, 0.0), factor)
    kept = {split.dataset.ann_file for split in splits if not split.shrinks}
    for split in splits:
        if crop and split.dataset.ann_file not in kept:  # images without people
            for image in split.annotations.images():
                windows.setdefault(_below(root, os.path.join(split.folder, image)), _WHOLE)
        for path in split.files():
            factors.setdefault(_below(root, path), 1.0)
    for split in splits:
        for path in split.kept_images():
            name = _below(root, path)
            windows.pop(name, None)
            if name in factors:
                factors[name] = 1.0
    return factors, windows


def _window(person: dict, crop: float) -> Window:
    """Return the square about a person's box, extended to all annotated joints."""
    if "bbox" not in person:
        return _WHOLE
    left, top, right, bottom = map(float, np.ravel(person["bbox"]))
    half = max(right - left, bottom - top) * crop / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    square = x - half, y - half, x + half + 1, y + half + 1  # edges: a pixel is 1 px wide
    points = np.array(person["keypoints"])[np.array(person["keypoints_visible"]) > 0]
    if not len(points):
        return square
    return _union(square, (*points.min(axis=0), *(points.max(axis=0) + 1)))


def _union(one: Window, other: Window) -> Window:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def _write_annotations(
    splits: Sequence[_Split], root: Path, copy: Path, places: Mapping[str, Placement]
) -> None:
    """Write the annotation files, and those of detected boxes, with coordinates moved."""
    files = {split.dataset.ann_file for split in splits if split.shrinks}
    for split in splits:
        _write_split(split, split.dataset.ann_file in files, root, copy, places)


def _write_split(
    split: _Split, scales: bool, root: Path, copy: Path, places: Mapping[str, Placement]
) -> None:
    """Write the files of one split."""

    def placement_of(image: str) -> Placement:
        return places.get(_below(root, os.path.join(split.folder, image)), UNCHANGED)

    boxes = getattr(split.dataset, "bbox_file", None)
    for path in filter(None, (split.dataset.ann_file, boxes)):
        target = copy / _below(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not scales:
            if Path(path).exists():
                shutil.copyfile(path, target)
        elif path == boxes and isinstance(split.annotations, AnnotationFile):
            split.annotations.write_scaled_detections(path, target, placement_of)
        else:
            split.annotations.write_scaled(target, placement_of)


def _below(root: Path, path: str) -> str:
    """Return a path below the data root."""
    name = os.path.relpath(path, root)
    if name.startswith(".."):
        raise InputError(f"{path} lies outside of the data_root {root}. Move it there, or link it")
    return name


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes `path` when the block ends and vanishes if it raises."""
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        os.replace(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
