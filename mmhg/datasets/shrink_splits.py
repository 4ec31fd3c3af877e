"""The splits of a dataset that is to be shrunk: their people and files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmpose.registry import DATASETS

from mmhg.datasets.shrink_annotations import AnnotationFile, LSPFile, annotation_file
from mmhg.errors import InputError
from mmhg.utils.inside import check_links

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DatasetSplit:
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


def read_splits(cfg: Config, wanted: Sequence[str]) -> tuple[Path, list[DatasetSplit]]:
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
    splits: dict[tuple, DatasetSplit] = {}
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
        splits[key] = DatasetSplit(dataset, pipeline, annotation_file(path), shrinks)
    roots = {split.dataset.data_root for split in splits.values()}
    if len(roots) != 1:
        raise InputError(f"the splits must lie below one data_root, got {sorted(roots)}")
    for split in splits.values():  # before anybody has waited for the images
        boxes = getattr(split.dataset, "bbox_file", None)
        for path in filter(None, (split.dataset.ann_file, boxes)):
            path_below(Path(split.dataset.data_root), path)
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


def path_below(root: Path, path: str) -> str:
    """Return a path below the data root."""
    name = os.path.relpath(path, root)
    if name.startswith(".."):
        raise InputError(f"{path} lies outside of the data_root {root}. Move it there, or link it")
    return name
