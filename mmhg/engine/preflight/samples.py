"""A dataset's people as its pipeline gives them, without decoding their images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import Compose
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.structures import PoseDataSample

from mmhg.datasets.transforms.loading import LoadWholeImage, check_size
from mmhg.pictures import MAX_PIXELS, read_header
from mmhg.utils.inside import check_links
from mmhg.utils.progress import with_progress


def annotated_samples(dataset: Any) -> list[PoseDataSample]:
    """Make every sample of a dataset.

    The steps are the dataset's own. Only, images are blank ones of the right size, for which the
    file's header is read, and the samples also have `gt_instances.transformed_keypoints`, the
    keypoints on the network's input.
    """
    count = len(dataset)
    with without_decoding(dataset):
        made = (dataset[index]["data_samples"] for index in range(count))
        return list(with_progress(made, count, "preflight: annotations", delay=1.0))


def with_annotated_boxes(dataset: Any) -> Any:
    """Return a dataset of detected boxes with the annotated people instead, others unchanged."""
    if not getattr(dataset, "bbox_file", None):
        return dataset
    annotated = copy(dataset)
    annotated.bbox_file = None
    annotated._fully_initialized = False
    annotated.full_init()
    return annotated


def pipelines(dataset: Any) -> Iterator[Compose]:
    """List the pipelines of a dataset and of those that it combines."""
    if isinstance(pipeline := getattr(dataset, "pipeline", None), Compose):
        yield pipeline
    for inner in (getattr(dataset, "dataset", None), *getattr(dataset, "datasets", ())):
        if inner is not None:
            yield from pipelines(inner)


@contextmanager
def without_decoding(dataset: Any) -> Iterator[None]:
    """Let a dataset's pipelines load blank images and pack the keypoints of the crop."""
    changed = [(pipeline, pipeline.transforms) for pipeline in pipelines(dataset)]
    try:
        for pipeline, steps in changed:
            pipeline.transforms = [_stand_in(step) for step in steps]
        yield
    finally:
        for pipeline, steps in changed:
            pipeline.transforms = steps


def _stand_in(step: Any) -> Any:
    if isinstance(step, LoadImageFromFile):
        return BlankImage(step)
    if isinstance(step, PackPoseInputs):
        step = copy(step)
        step.pack_transformed = True
    return step


class BlankImage:
    """A pipeline step that loads a black image of the size that the file's header states.

    Args:
        loader: The step for files that are not on this machine or have no such header.
    """

    def __init__(self, loader: LoadImageFromFile) -> None:
        self.loader = loader

    def __call__(self, results: dict) -> dict | None:
        """Set `img`, `img_shape` and `ori_shape` as the loader does."""
        size = None if "img" in results else self._size(results)
        if size is None:
            loaded: dict | None = self.loader(results)
            return loaded
        image = np.zeros((size[1], size[0], getattr(self.loader, "channels", 3)), dtype=np.uint8)
        return results | {"img": image, "img_shape": image.shape[:2], "ori_shape": image.shape[:2]}

    def _size(self, results: dict) -> tuple[int, int] | None:
        """Return width and height as the loader would find them, None if the header does not say.

        Raises:
            InputError: The loader would refuse the image for its place or its size.
        """
        path = results["img_path"]
        check_links(path, results.get("image_folders"))
        upright = self.loader.color_type in ("color", "grayscale")
        limit = getattr(self.loader, "max_pixels", MAX_PIXELS)
        size = image_size(path, max_pixels=limit, upright=upright)
        if size is not None and isinstance(self.loader, LoadWholeImage):
            check_size(path, size, results.get("stated_size"))
        return size


def image_size(
    path: str, *, max_pixels: int = MAX_PIXELS, upright: bool = True
) -> tuple[int, int] | None:
    """Read width and height in px, by default after EXIF's rotation; None if no header says."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            header = read_header(file, f"image {path}", max_pixels)
    except OSError:
        return None
    if header is None:
        return None
    return header.size if upright else (header.width, header.height)
