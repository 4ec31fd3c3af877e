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
CODEC = dict(type="MSRAHeatmap", input_size=INPUT, heatmap_size=(64, 64), sigma=2)

_CROP_SIDES = (345, 475, 690, 1010, 1440)
"""Sides in px: 10, 25, 50, 75 and 90 % quantiles over MPII's validation people, with padding."""

_MPIIS = 15.0, 200.0
"""Px per unit of scale: how far the dataset lowers the center, and the box's side."""


def run(seconds: float = 10.0) -> list[Comparison]:
    """Compare MMPose's usual training pipeline, ours, and ours on a shrunk dataset, by one worker.

    Args:
        seconds: Time for the comparison.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)  # as in the workers of MMEngine's data loaders
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            DefaultScope.overwrite_default_scope("mmpose"),
        ):
            return [_compare(Path(folder), seconds)]
    finally:
        cv2.setNumThreads(threads)


def _compare(folder: Path, seconds: float) -> Comparison:
    write_people(folder / "original")
    settings = dict(dataset=dataset(folder / "original", ours()))
    report = shrink_dataset(Config(dict(train_dataloader=settings)), folder / "small")
    size = f"images have {report.bytes_after / report.bytes_before:.0%} of their bytes"
    theirs, exact, shrunk = (
        DATASETS.build(dataset(folder / root, pipeline))
        for root, pipeline in (("original", mmposes()), ("original", ours()), ("small", ours()))
    )

    def note(other: Any) -> str:
        return f"mean difference {difference(theirs, other):.4f} of 255"

    return compare(
        "Loader: 1280 x 720 px JPEGs, MPII's sizes of people, one worker",
        "sample",
        [
            Candidate("MMPose", _epoch(theirs, pseudo_collate), EPOCH),
            Candidate(
                "default", _epoch(exact, stack_images_collate), EPOCH, goal=1.5, note=note(exact)
            ),
            Candidate(
                "default, dataset shrunk",
                _epoch(shrunk, stack_images_collate),
                EPOCH,
                goal=2.5,
                note=f"{note(shrunk)}; {size}",
            ),
        ],
        seconds=seconds,
    )


class Repeated(Dataset):
    """Repeat a dataset to `EPOCH` samples."""

    def __init__(self, people: Any) -> None:
        self.people = people

    def __len__(self) -> int:
        return EPOCH

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.people[index % len(self.people)]


def _epoch(people: Any, collate: Callable) -> Callable[[], None]:
    """Return a function that takes all batches from one persistent worker."""
    loader = DataLoader(
        Repeated(people),
        batch_size=BATCH,
        num_workers=1,
        persistent_workers=True,
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


def write_people(root: Path) -> None:
    """Write images and people in MMPose's MPII format."""
    rng = np.random.default_rng(0)
    (root / "images").mkdir(parents=True)
    for number in range(IMAGES):
        path = str(root / f"images/{number}.jpg")
        cv2.imwrite(path, photograph(rng), [cv2.IMWRITE_JPEG_QUALITY, 90])
    sides = np.interp(rng.uniform(0.1, 0.9, PEOPLE), (0.1, 0.25, 0.5, 0.75, 0.9), _CROP_SIDES)
    people = [_person(rng, number, side) for number, side in enumerate(sides)]
    write_json(root / "people.json", people)


def _person(rng: np.random.Generator, number: int, crop_side: float) -> dict[str, Any]:
    lowered, side = _MPIIS
    scale = crop_side / 1.25 / side
    center = rng.uniform((320, 260), (960, 460))
    return dict(
        image=f"{number % IMAGES}.jpg",
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
