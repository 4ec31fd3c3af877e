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
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import DefaultScope
from mmpose.datasets.transforms import GetBBoxCenterScale, RandomBBoxTransform, RandomHalfBody
from mmpose.registry import DATASETS

from mmhg.datasets.shrink_annotations import UNCHANGED, AnnotationFile, Factors
from mmhg.datasets.transforms.augmentation import RandomScaleRotation, ScaleBox
from mmhg.datasets.transforms.crop import crop_size
from mmhg.datasets.transforms.loading import LoadWholeImage
from mmhg.errors import InputError
from mmhg.utils.files import write_json
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


@dataclass(frozen=True)
class _Split:
    """A split of the dataset: its people and files; `shrinks` if its images are to be reduced."""

    dataset: BaseDataset
    pipeline: Sequence[dict]
    annotations: AnnotationFile
    shrinks: bool

    @property
    def folder(self) -> str:
        """Return the folder of the images."""
        return self.dataset.data_prefix["img"]


def shrink_dataset(
    cfg: Config,
    out: str | Path,
    *,
    splits: Sequence[str] = ("train",),
    input_size: tuple[int, int] | None = None,
    quality: int = 90,
    workers: int | None = None,
) -> ShrinkReport:
    """Copy the images and annotations that a config names, with the images of `splits` reduced.

    An image is reduced by the smallest factor with which, for each of its people, the closest crop
    that the split's pipeline draws still has as many image pixels as the input. Images without
    people, or of a split that is not shrunk, are copied unchanged. The layout stays.

    Args:
        cfg: Config with top-down data loaders, whose datasets lie below one `data_root`.
        out: Folder to make; it must not exist, or be empty.
        splits: Some of `'train'`, `'val'`, `'test'`.
        input_size: Width and height of the input in px; None takes the crop's of the pipeline.
        quality: Quality of JPEGs, 1 to 100. Other images keep their format.
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
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} exists already. Remove it, or name another folder")
    with DefaultScope.overwrite_default_scope("mmpose"):
        root, found = _read_splits(cfg, splits)
        factors = _image_factors(root, found, input_size)
    if out.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{out} lies in the dataset {root} itself. Name a folder beside it")

    with _new_folder(out) as copy, ThreadPoolExecutor(workers or os.cpu_count()) as pool:

        def shrink(name: str) -> Factors:
            return shrink_image(root / name, copy / name, factors[name], quality)

        try:
            results = with_progress(pool.map(shrink, factors), len(factors), "images")
            done = dict(zip(factors, results, strict=True))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        for split in found:
            _write_annotations(split, root, copy, done)
        before, after = (sum((top / name).stat().st_size for name in done) for top in (root, copy))
    shrunk = sum(factor != UNCHANGED for factor in done.values())
    return ShrinkReport(shrunk, len(done) - shrunk, before, after)


def shrink_image(source: Path, target: Path, factor: float, quality: int = 90) -> Factors:
    """Write an image at `factor` of its size, or a little more, and return x's and y's factors.

    Raises:
        InputError: Names the file, which is missing, damaged or of an unknown kind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if factor > _WORTHWHILE:
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise InputError(f"cannot copy {source} to {target}: {error.strerror}") from error
        return UNCHANGED
    image = LoadWholeImage()({"img_path": str(source)})["img"]
    height, width = image.shape[:2]
    size = reduced_size((width, height), factor)
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    try:
        data = cv2.imencode(
            source.suffix, image, settings if source.suffix.lower() in _JPEG_SUFFIXES else []
        )[1]
    except cv2.error as error:
        raise InputError(f"image {source}: OpenCV cannot write {source.suffix} files") from error
    target.write_bytes(data.tobytes())
    return size[0] / width, size[1] / height


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
    files = {datasets[name].ann_file for name in wanted}
    splits: dict[tuple[str, str | None], _Split] = {}
    for name, dataset in datasets.items():
        path, shrinks = dataset.ann_file, dataset.ann_file in files
        key = path, getattr(dataset, "bbox_file", None)
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
        splits[key] = _Split(dataset, pipeline, AnnotationFile(path), shrinks)
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


def _image_factors(
    root: Path, splits: Sequence[_Split], input_size: tuple[int, int] | None
) -> dict[str, float]:
    """Return the factor of each file in the images' folders, by its path below `root`."""
    factors: dict[str, float] = {}
    for split in (split for split in splits if split.shrinks):
        closest = _ClosestCrop(split.pipeline, input_size)
        split.dataset.full_init()
        for index in range(len(split.dataset)):
            person = split.dataset.get_data_info(index)
            name = _below(root, person["img_path"])
            factors[name] = max(factors.get(name, 0.0), closest.factor(person))
    for split in splits:
        kept = split.annotations.rigid_images if split.shrinks else split.annotations.images
        for image in kept():
            name = _below(root, os.path.join(split.folder, image))
            if name in factors:
                factors[name] = 1.0
        for folder, _, names in os.walk(split.folder, followlinks=True):
            for name in names:
                factors.setdefault(_below(root, os.path.join(folder, name)), 1.0)
    return factors


def _write_annotations(
    split: _Split, root: Path, copy: Path, factors: Mapping[str, Factors]
) -> None:
    """Write the annotation file, and that of detected boxes, with coordinates scaled."""

    def factor_of(image: str) -> Factors:
        return factors.get(_below(root, os.path.join(split.folder, image)), UNCHANGED)

    boxes = getattr(split.dataset, "bbox_file", None)
    for path in filter(None, (split.dataset.ann_file, boxes)):
        target = copy / _below(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not split.shrinks:
            if Path(path).exists():
                shutil.copyfile(path, target)
        elif path == boxes:
            write_json(target, split.annotations.scaled_detections(path, factor_of), indent=None)
        else:
            write_json(target, split.annotations.scaled(factor_of), indent=None)


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
