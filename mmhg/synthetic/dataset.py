"""Render a whole dataset to disk, in parallel. The number of workers does not change the result.

A folder of synthetic people holds

    images/*.jpg              the images
    mpii_synthetic_v1.mat     RELEASE in MPII's layout: training, validation and test images
    val.txt                   the validation people: one image name and 1-based person per line
    test_truth.mat            annolist of the test images with everything filled in
    facts.npz                 split and facing of every person, which the annotations do not say
    figures.json              the request; it is written last, so its presence means finished
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmhg.datasets.formats.matlab import write_mat
from mmhg.errors import InputError
from mmhg.synthetic.annotation import SyntheticPerson
from mmhg.synthetic.levels import LEVELS, Level
from mmhg.synthetic.release import ReleaseEntry, annolist, write_release
from mmhg.synthetic.scene import SPLITS, Plan, render
from mmhg.utils.files import read_json
from mmhg.utils.progress import with_progress

RELEASE_NAME = "mpii_synthetic_v1.mat"
VAL_LIST_NAME = "val.txt"
TRUTH_NAME = "test_truth.mat"
FACTS_NAME = "facts.npz"
MARKER_NAME = "figures.json"
STARTED_NAME = "figures.unfinished.json"
SHEET_NAME = "sheet.png"
ANNOTATIONS_NAME = "annotations"
CONVERTED = tuple(f"mpii_{split}.json" for split in ("train", "val", "trainval", "test"))
"""The files that the MPII converter writes to `annotations`. They are out of date once the release
is rendered again."""
JPEG_QUALITY = 92


@dataclass(frozen=True)
class Request:
    """Say what to render: a level, the number of people for each split, and a seed."""

    level: int
    train: int
    val: int
    test: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise InputError(f"level must be one of {sorted(LEVELS)}, got {self.level}")
        for name in ("train", "val"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1 person, got {getattr(self, name)}")
        for name in ("test", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must not be negative, got {getattr(self, name)}")

    def marker(self) -> dict[str, object]:
        """Identify the result: the request and the code that carries it out."""
        return {**vars(self), "renderer": renderer_digest()}


def renderer_digest() -> str:
    """Return a digest of this package's sources, which the images depend on."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name != "report.py":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def render_dataset(folder: Path, request: Request, workers: int) -> bool:
    """Render into a folder; return False if it already holds the finished result.

    Raises:
        InputError: the folder holds files other than synthetic people and their converted
            annotations.
    """
    if workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}")
    if is_finished(folder, request):
        return False
    _clear(folder)
    (folder / "images").mkdir(parents=True)
    started = folder / STARTED_NAME
    started.write_text(json.dumps(request.marker()))

    plans = [plan for split in SPLITS for plan in plan_split(request, split)]
    people: list[list[SyntheticPerson]] = []
    jobs = [
        (folder / "images" / image_name(number), request, plan) for number, plan in enumerate(plans)
    ]
    for found in with_progress(_run(jobs, workers), len(jobs), "rendering"):
        people.append(found)
    _write_annotations(folder, request, plans, people)
    os.replace(started, folder / MARKER_NAME)
    return True


def is_finished(folder: Path, request: Request) -> bool:
    """Tell whether a folder holds the finished result of a request."""
    try:
        return bool(read_json(folder / MARKER_NAME) == request.marker())
    except InputError:
        return False


def plan_split(request: Request, split: str) -> list[Plan]:
    """Plan the images of a split, which together show exactly the requested number of people."""
    level = LEVELS[request.level]
    sequence = np.random.SeedSequence(request.seed, spawn_key=(SPLITS.index(split),))
    rng = np.random.default_rng(sequence)
    plans: list[Plan] = []
    left = getattr(request, split)
    while left:
        draw = rng.random()
        together = draw < level.together
        several = together or draw < level.together + level.apart
        people = min(left, int(rng.integers(2, level.crowd + 1)) if several else 1)
        plans.append(Plan(split, len(plans), people, together and people > 1))
        left -= people
    return plans


def image_name(number: int) -> str:
    """Return the name of the n-th image of a dataset, counted from 0."""
    return f"{number + 1:09d}.jpg"


Job = tuple[Path, Request, Plan]


def _run(jobs: list[Job], workers: int) -> Iterator[list[SyntheticPerson]]:
    if workers == 1:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(0)
        try:
            yield from map(_render_job, jobs)
        finally:
            cv2.setNumThreads(threads)
        return
    with multiprocessing.Pool(workers, initializer=cv2.setNumThreads, initargs=(0,)) as pool:
        yield from pool.imap(_render_job, jobs, chunksize=8)


def _render_job(job: Job) -> list[SyntheticPerson]:
    path, request, plan = job
    scene = render(LEVELS[request.level], request.seed, plan)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    if not cv2.imwrite(str(path), scene.image[..., ::-1], quality):
        raise InputError(f"{path} could not be written: is the disk full?")
    return scene.people


def _write_annotations(
    folder: Path, request: Request, plans: list[Plan], people: list[list[SyntheticPerson]]
) -> None:
    names = [image_name(number) for number in range(len(plans))]
    images = list(zip(names, plans, people, strict=True))
    entries = [ReleaseEntry(name, found, plan.split != "test") for name, plan, found in images]
    write_release(folder / RELEASE_NAME, entries, f"figures, level {request.level}")
    truth = [ReleaseEntry(name, found) for name, plan, found in images if plan.split == "test"]
    if truth:
        write_mat(folder / TRUTH_NAME, {"annolist": annolist(truth)})

    rows = [
        (name, number, plan.split, person.facing)
        for name, plan, found in images
        for number, person in enumerate(found, 1)
    ]
    lines = [f"{name} {number}" for name, number, split, _ in rows if split == "val"]
    header = "# validation people: picture, person as in annorect(person), counted from 1"
    (folder / VAL_LIST_NAME).write_text("\n".join([header, *lines, ""]))
    image, person, split, facing = map(np.array, zip(*rows, strict=True))
    np.savez(folder / FACTS_NAME, image=image, person=person, split=split, facing=facing)


def _clear(folder: Path) -> None:
    """Remove what was rendered before, finished or not, and what was converted from it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file: name a folder to render into")
    ours = {RELEASE_NAME, VAL_LIST_NAME, TRUTH_NAME, FACTS_NAME, SHEET_NAME}
    ours |= {MARKER_NAME, STARTED_NAME, RELEASE_NAME + ".partial", TRUTH_NAME + ".partial"}
    known = (folder / MARKER_NAME).exists() or (folder / STARTED_NAME).exists()
    found: list[Path] = []
    foreign: list[Path] = []
    for path in sorted(path for path in folder.rglob("*") if not path.is_dir()):
        parent, name = path.parent.relative_to(folder).as_posix(), path.name
        expected = (
            (parent == "." and name in ours)
            or (parent == ANNOTATIONS_NAME and name in CONVERTED)
            or (parent == "images" and _is_image(path))
        )
        (found if known and expected else foreign).append(path)
    if foreign:
        raise InputError(
            f"{folder} holds {foreign[0].relative_to(folder)}, which does not belong to rendered "
            "synthetic people. Name another folder, or move the file away"
        )
    # an interruption leaves the marker of an unfinished rendering, so a later call may go on
    if (folder / MARKER_NAME).exists():
        os.replace(folder / MARKER_NAME, folder / STARTED_NAME)
    for path in found:
        if path.name not in (MARKER_NAME, STARTED_NAME):
            path.unlink()
    for name in ("images", ANNOTATIONS_NAME):
        if (folder / name).is_dir():
            (folder / name).rmdir()


def _is_image(path: Path) -> bool:
    return path.suffix == ".jpg" and path.stem.isdigit() and len(path.stem) == 9


def default_request(level: int) -> Request:
    """Return the request for a level in its own size."""
    chosen: Level = LEVELS[level]
    return Request(level, chosen.train, chosen.val, chosen.test)
