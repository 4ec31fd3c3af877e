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

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmhg.datasets.shrink_annotations import UNCHANGED, AnnotationFile, Placement
from mmhg.datasets.shrink_images import crop_image, shrink_image
from mmhg.datasets.shrink_plan import plan
from mmhg.datasets.shrink_splits import DatasetSplit, path_below, read_splits
from mmhg.errors import InputError
from mmhg.utils.inside import check_links
from mmhg.utils.progress import with_progress


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
        root, found = read_splits(cfg, splits)
        factors, windows = plan(root, found, input_size, crop)
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
        write_annotations(found, root, copy, done)
        before, after = (sum((top / name).stat().st_size for name in done) for top in (root, copy))
    shrunk = sum(place != UNCHANGED for place in done.values())
    return ShrinkReport(shrunk, len(done) - shrunk, before, after)


def write_annotations(
    splits: Sequence[DatasetSplit], root: Path, copy: Path, places: Mapping[str, Placement]
) -> None:
    """Write the annotation files, and those of detected boxes, with coordinates moved."""
    files = {split.dataset.ann_file for split in splits if split.shrinks}
    for split in splits:
        _write_split(split, split.dataset.ann_file in files, root, copy, places)


def _write_split(
    split: DatasetSplit, scales: bool, root: Path, copy: Path, places: Mapping[str, Placement]
) -> None:
    """Write the files of one split."""

    def placement_of(image: str) -> Placement:
        return places.get(path_below(root, os.path.join(split.folder, image)), UNCHANGED)

    boxes = getattr(split.dataset, "bbox_file", None)
    for path in filter(None, (split.dataset.ann_file, boxes)):
        target = copy / path_below(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not scales:
            if Path(path).exists():
                shutil.copyfile(path, target)
        elif path == boxes and isinstance(split.annotations, AnnotationFile):
            split.annotations.write_scaled_detections(path, target, placement_of)
        else:
            split.annotations.write_scaled(target, placement_of)


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
