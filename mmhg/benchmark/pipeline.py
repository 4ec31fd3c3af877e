"""The input pipeline: from a JPEG file to what a worker hands to the data loader."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from mmhg.benchmark.measure import Candidate, Comparison, compare

IMAGES = 8
PEOPLE = 32
INPUT = (256, 256)
CODEC = dict(type="MSRAHeatmap", input_size=INPUT, heatmap_size=(64, 64), sigma=2)
AUGMENTATION = dict(shift_prob=0.0, scale_factor=(0.75, 1.25), rotate_factor=30.0)

_CROP_SIDES = (345, 475, 690, 1010, 1440)
"""px: the 10, 25, 50, 75 and 90 % quantiles over MPII's validation people, padding included."""

Person = dict[str, Any]


def run(seconds: float = 10.0) -> list[Comparison]:
    """Samples/s on one core: MMPose's usual training pipeline, and ours with each of its switches.

    Args:
        seconds: Of measuring.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)  # as in the workers of MMEngine's data loaders
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            DefaultScope.overwrite_default_scope("mmpose"),
        ):
            return [_compare(people(Path(folder)), Path(folder) / "cache", seconds)]
    finally:
        cv2.setNumThreads(threads)


def _compare(crowd: Sequence[Person], cache: Path, seconds: float) -> Comparison:
    theirs, exact = mmposes(), ours()
    reduced, cached = ours(reduce=True), ours(cache_dir=str(cache))
    for person in crowd:  # the first epoch
        sample(cached, person)
    size = sum(file.stat().st_size for file in cache.glob("*.region")) / len(crowd)

    def note(pipeline: Compose) -> str:
        return f"mean difference {difference(theirs, pipeline, crowd):.4f} of 255"

    def epoch(pipeline: Compose) -> Callable[[], object]:
        return lambda: [sample(pipeline, person) for person in crowd]

    return compare(
        "Input pipeline: 1280 x 720 px JPEGs, MPII's sizes of people, one core",
        "sample",
        [
            Candidate("MMPose", epoch(theirs), PEOPLE),
            Candidate(
                "exact, targets in the worker",
                epoch(ours(targets=True)),
                PEOPLE,
                note="for comparison: the joints' heatmaps are made here too",
            ),
            Candidate("exact (default)", epoch(exact), PEOPLE, goal=1.7, note=note(exact)),
            Candidate(
                "reduced decoding (reduce)", epoch(reduced), PEOPLE, goal=2.0, note=note(reduced)
            ),
            Candidate(
                "cached regions (cache_dir)",
                epoch(cached),
                PEOPLE,
                goal=6.0,
                note=f"{note(cached)}; {size / 1e6:.2f} MB a person on disk",
            ),
        ],
        seconds=seconds,
    )


def mmposes() -> Compose:
    """MMPose's usual top-down training pipeline."""
    return Compose(
        [
            dict(type="GetBBoxCenterScale"),
            dict(type="RandomBBoxTransform", **AUGMENTATION),
            dict(type="LoadImage"),
            dict(type="RandomFlip", direction="horizontal"),
            dict(type="TopdownAffine", input_size=INPUT),
            dict(type="GenerateTarget", encoder=CODEC),
            dict(type="PackPoseInputs"),
        ]
    )


def ours(*, targets: bool = False, **switches: Any) -> Compose:
    """The same draws; targets are left to the device unless asked for."""
    encode = [dict(type="GenerateTarget", encoder=CODEC)] if targets else []
    return Compose(
        [
            dict(type="GetBBoxCenterScale"),
            dict(type="FastRandomBBoxTransform", **AUGMENTATION),
            dict(type="LoadPersonRegion", input_size=INPUT, **switches),
            dict(type="RandomFlip", direction="horizontal"),
            dict(type="PersonCrop", input_size=INPUT),
            *encode,
            dict(type="PackPoseInputs", pack_transformed=not targets),
        ]
    )


def sample(pipeline: Compose, person: Person) -> dict[str, Any]:
    """What a pipeline makes of a person; MMPose's data sets hand themselves along, too."""
    made = pipeline(dict(person, dataset=SimpleNamespace(pipeline=pipeline)))
    assert made is not None
    return made


def difference(theirs: Compose, other: Compose, crowd: Sequence[Person]) -> float:
    """Mean absolute difference of the inputs, of 255, given the same draws."""
    state = np.random.get_state()
    differences = []
    try:
        for seed, person in enumerate(crowd):
            images = []
            for pipeline in (theirs, other):
                np.random.seed(seed)
                images.append(sample(pipeline, person)["inputs"].short())
            differences.append((images[0] - images[1]).abs().float().mean().item())
    finally:
        np.random.set_state(state)
    return float(np.mean(differences))


def people(folder: Path) -> list[Person]:
    """As a data set hands them out, of images written to `folder`."""
    rng = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(IMAGES)]
    for path in paths:
        cv2.imwrite(str(path), photograph(rng), [cv2.IMWRITE_JPEG_QUALITY, 90])
    sides = np.interp(rng.uniform(0.1, 0.9, PEOPLE), (0.1, 0.25, 0.5, 0.75, 0.9), _CROP_SIDES)
    return [_person(rng, number, paths[number % IMAGES], side) for number, side in enumerate(sides)]


def _person(rng: np.random.Generator, number: int, path: Path, crop_side: float) -> Person:
    center, half = rng.uniform((320, 260), (960, 460)), crop_side / 1.25 / 2
    joints = center + rng.uniform(-0.8, 0.8, (1, 16, 2)) * half
    return dict(
        img_path=str(path),
        id=number,
        img_id=number,
        bbox=np.array([[*(center - half), *(center + half)]], dtype=np.float32),
        bbox_score=np.ones(1, dtype=np.float32),
        keypoints=joints.astype(np.float32),
        keypoints_visible=np.ones((1, 16), dtype=np.float32),
        flip_indices=list(range(16)),
        category_id=1,
    )


def photograph(rng: np.random.Generator) -> np.ndarray:
    """(720, 1280, 3) uint8: noise of all sizes and flat shapes with edges.

    At quality 90 it decodes in about the time of MPII's photographs of this size.
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
