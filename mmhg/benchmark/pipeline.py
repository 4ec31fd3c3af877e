"""Time the loader: from JPEG files to batches in the training process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader, Dataset

from mmhg.benchmark.measure import Candidate, Comparison, compare
from mmhg.datasets import stack_images_collate
from mmhg.datasets.shrink import shrink_dataset
from mmhg.utils.files import write_json

IMAGES, PEOPLE = 20, 32
"""MPII has 1.6 labeled people per image."""
INPUT = (256, 256)
BATCH = 16
EPOCH = 128
"""Samples for each worker."""
CODEC = dict(type="MSRAHeatmap", input_size=INPUT, heatmap_size=(64, 64), sigma=2)

_CROP_SIDES = (345, 475, 690, 1010, 1440)
"""Sides in px: 10, 25, 50, 75 and 90 % quantiles over MPII's validation people, with padding."""

_MPIIS = 15.0, 200.0
"""Px per unit of scale: how far the dataset lowers the center, and the box's side."""


def run(
    seconds: float = 10.0,
    *,
    workers: Sequence[int] = (1,),
    images: int = IMAGES,
    people: int = PEOPLE,
    samples: int = EPOCH,
) -> list[Comparison]:
    """Compare MMPose's usual training pipeline, ours, and ours on a shrunk dataset.

    Args:
        seconds: Time for each comparison.
        workers: Numbers of the loader's workers, a comparison each.
        images: Number of images to draw.
        people: Number of people in them.
        samples: Samples of a repetition, for each worker.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)  # as in the workers of MMEngine's data loaders
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            DefaultScope.overwrite_default_scope("mmpose"),
        ):
            write_people(Path(folder) / "original", images, people)
            return _compare(Path(folder), seconds, workers, samples)
    finally:
        cv2.setNumThreads(threads)


def _compare(
    folder: Path, seconds: float, workers: Sequence[int], samples: int
) -> list[Comparison]:
    settings = dict(dataset=dataset(folder / "original", ours()))
    report = shrink_dataset(Config(dict(train_dataloader=settings)), folder / "small")
    size = f"images have {report.bytes_after / report.bytes_before:.0%} of their bytes"
    theirs, exact, shrunk = (
        DATASETS.build(dataset(folder / root, pipeline))
        for root, pipeline in (("original", mmposes()), ("original", ours()), ("small", ours()))
    )

    def note(other: Any) -> str:
        return f"mean difference {difference(theirs, other):.4f} of 255"

    notes = note(exact), f"{note(shrunk)}; {size}"
    tables = []
    for count in workers:
        units = samples * count
        epochs = [
            _epoch(Repeated(theirs, units), pseudo_collate, count),
            _epoch(Repeated(exact, units), stack_images_collate, count),
            _epoch(Repeated(shrunk, units), stack_images_collate, count),
        ]
        goals = (1.5, 2.5) if count == 1 else (None, None)
        candidates = [
            Candidate("MMPose", epochs[0], units),
            Candidate("default", epochs[1], units, goals[0], notes[0]),
            Candidate("default, dataset shrunk", epochs[2], units, goals[1], notes[1]),
        ]
        noun = "one worker" if count == 1 else f"{count} workers"
        title = f"Loader: 1280 x 720 px JPEGs, MPII's sizes of people, {noun}"
        tables.append(compare(title, "sample", candidates, seconds=seconds))
    return tables


class Repeated(Dataset):
    """Repeat a dataset to a number of samples."""

    def __init__(self, people: Any, samples: int) -> None:
        self.people, self.samples = people, samples

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.people[index % len(self.people)]


def _epoch(people: Repeated, collate: Callable, workers: int) -> Callable[[], None]:
    """Return a function that takes all batches from persistent workers."""
    loader = DataLoader(
        people,
        batch_size=BATCH,
        num_workers=workers,
        persistent_workers=True,
        multiprocessing_context="fork",  # as in our configs, however this process was started
        collate_fn=collate,
    )

    def epoch() -> None:
        for _ in loader:
            pass

    return epoch


def mmposes() -> list[dict[str, Any]]:
    """Return MMPose's usual top-down training pipeline for MPII, with the paper's augmentation."""
    widths = dict(shift_prob=0.0, scale_factor=(0.75, 1.25), rotate_factor=30.0)
    return [
        dict(type="LoadImage"),
        dict(type="GetBBoxCenterScale"),
        dict(type="RandomFlip", direction="horizontal"),
        dict(type="RandomBBoxTransform", **widths),
        dict(type="TopdownAffine", input_size=INPUT),
        dict(type="GenerateTarget", encoder=CODEC),
        dict(type="PackPoseInputs"),
    ]


def ours() -> list[dict[str, Any]]:
    """Return the pipeline of our configs, with MMPose's crop."""
    return [
        dict(type="LoadWholeImage"),
        dict(type="GetBBoxCenterScale"),
        dict(type="RandomScaleRotation", law="paper", scale=0.25, rotation=30),
        dict(type="RandomFlip", direction="horizontal"),
        dict(type="PersonCrop", input_size=INPUT),
        dict(type="GenerateTarget", encoder=CODEC),
        dict(type="PackPoseInputs"),
    ]


def difference(theirs: Any, other: Any) -> float:
    """Return the mean absolute difference of inputs without augmentation, on a scale of 255."""
    images = []
    for people in (theirs, other):
        steps = [step for step in people.pipeline.transforms if "Random" not in type(step).__name__]
        pipeline = Compose(steps)
        images.append(
            np.stack([pipeline(people.get_data_info(i))["inputs"] for i in range(len(people))])
        )
    return float(np.abs(images[0].astype(int) - images[1]).mean())


def dataset(root: Path, pipeline: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the settings of a dataset that `write_people` wrote."""
    return dict(
        type="MPIIPersonDataset",
        data_root=str(root),
        ann_file="people.json",
        data_prefix=dict(img="images/"),
        pipeline=pipeline,
    )


def write_people(root: Path, images: int, count: int) -> None:
    """Write images and people in MMPose's MPII format."""
    rng = np.random.default_rng(0)
    (root / "images").mkdir(parents=True)
    for number in range(images):
        path = str(root / f"images/{number}.jpg")
        cv2.imwrite(path, photograph(rng), [cv2.IMWRITE_JPEG_QUALITY, 90])
    sides = np.interp(rng.uniform(0.1, 0.9, count), (0.1, 0.25, 0.5, 0.75, 0.9), _CROP_SIDES)
    people = [_person(rng, number % images, side) for number, side in enumerate(sides)]
    write_json(root / "people.json", people)


def _person(rng: np.random.Generator, number: int, crop_side: float) -> dict[str, Any]:
    lowered, side = _MPIIS
    scale = crop_side / 1.25 / side
    center = rng.uniform((320, 260), (960, 460))
    return dict(
        image=f"{number}.jpg",
        center=(center - (0, lowered * scale)).tolist(),
        scale=scale,
        joints=(center + rng.uniform(-0.4, 0.4, (16, 2)) * side * scale).tolist(),
        joints_vis=[1] * 16,
    )


def photograph(rng: np.random.Generator) -> np.ndarray:
    """Draw an image (720, 1280, 3) uint8 of noise of all sizes and flat shapes with edges.

    At quality 90 it takes about as long to decode as MPII's photographs of this size.
    """
    height, width = 720, 1280
    image = np.zeros((height, width, 3), dtype=np.float32)
    for blur in (2, 4, 8, 32, 128):
        noise = rng.standard_normal((height // blur + 2, width // blur + 2, 3), dtype=np.float32)
        image += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * blur**0.7
    image = image / image.std() * 45 + 120
    for _ in range(60):
        corners = rng.integers(0, (width, height), (3, 2)).astype(np.int32)
        cv2.fillPoly(image, [corners], rng.integers(0, 256, 3).tolist())
    image += rng.standard_normal(image.shape, dtype=np.float32) * 3
    return image.clip(0, 255).astype(np.uint8)
