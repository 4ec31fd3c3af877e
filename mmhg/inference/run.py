"""Run inference over many pictures: batched, in their order, and with few of them in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.inference.box_files import People
from mmhg.inference.boxes import as_boxes, box_problem
from mmhg.inference.outputs import Outputs, Person, refuse_to_replace
from mmhg.inference.sources import Frame, ImageFile, Source
from mmhg.utils.progress import with_progress

Predict = Callable[[Sequence[np.ndarray], Sequence[np.ndarray] | None], Iterable[np.ndarray]]
"""From images and their boxes, or None, to keypoints and scores, as `Predictor`."""

FindPeople = Callable[[Frame], Any]
"""The boxes (P, 4) of a frame's people: a file's `People`, or a `Detector`."""


@dataclass
class Summary:
    """What became of a run.

    Attributes:
        frames: Pictures that were done, those of videos among them.
        video_frames: How many of them were of videos and cameras.
        people: In them.
        problems: What went wrong.
    """

    frames: int = 0
    video_frames: int = 0
    people: int = 0
    problems: list[str] = field(default_factory=list)

    def report(self, problem: str) -> None:
        """Note and print what went wrong, once."""
        if problem not in self.problems:
            self.problems.append(problem)
            print(f"error: {problem}", file=sys.stderr)

    def __str__(self) -> str:
        pictures = self.frames - self.video_frames
        places = [_counted(pictures, "picture")] if pictures or not self.frames else []
        if self.video_frames:
            places.append(_counted(self.video_frames, "frame"))
        return f"{_counted(self.people, 'person', 'people')} in {' and '.join(places)}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def check(
    sources: Sequence[Source], people: FindPeople | None, folder: Path, summary: Summary
) -> list[Source]:
    """Return the sources that can be run over; it takes no network to say so.

    Args:
        sources: At least one.
        people: Where a file of people lacks a source, that one is reported and left out.
        folder: What `Outputs` is to write.
        summary: Takes what went wrong.

    Raises:
        InputError: A picture would replace the one that it is made from, or the file of people has
            nothing for any of the sources.
    """
    refuse_to_replace(sources, folder)
    if not isinstance(people, People):
        return list(sources)
    people.check(source.name for source in sources)
    known = []
    for source in sources:
        try:
            people.of(source.name)
            known.append(source)
        except InputError as error:
            summary.report(f"{source.name}: {error}")
    return known


def run(
    sources: Sequence[Source],
    predict: Predict,
    people: FindPeople | None,
    outputs: Outputs,
    *,
    summary: Summary | None = None,
    batch_size: int = 8,
) -> Summary:
    """Predict and write, in the order of the sources.

    Args:
        sources: One after the other. What cannot be read is reported, and the next one begun.
        predict: The network.
        people: None takes each picture as one person's.
        outputs: Takes what is found.
        summary: Takes what was done, and what could not be.
        batch_size: Most pictures in memory; people are gathered up to as many before they go
            through the network.

    Returns:
        The summary.
    """
    summary = summary or Summary()
    batch: list[tuple[Frame, np.ndarray | None]] = []
    count = 0
    for frame in frames_of(sources, summary):
        boxes = None if people is None else croppable(frame, people(frame), summary)
        batch.append((frame, boxes))
        count += 1 if boxes is None else len(boxes)
        if max(len(batch), count) >= batch_size:
            predict_batch(batch, predict, outputs, summary)
            batch, count = [], 0
    if batch:
        predict_batch(batch, predict, outputs, summary)
    return summary


def frames_of(sources: Sequence[Source], summary: Summary) -> Iterable[Frame]:
    """Give the frames of all sources, with progress where their number is known."""

    def readable() -> Iterator[Frame]:
        for source in sources:
            try:
                yield from source.frames()
            except InputError as error:
                summary.report(str(error))

    lengths = [source.length for source in sources]
    if None in lengths:
        return readable()
    only_images = all(isinstance(source, ImageFile) for source in sources)
    total = sum(length for length in lengths if length is not None)
    return with_progress(readable(), total, "pictures" if only_images else "frames")


def croppable(frame: Frame, boxes: Any, summary: Summary) -> np.ndarray:
    """Return the boxes (P, 4) that can be cropped; the others are reported."""
    kept = []
    for box in as_boxes(boxes):
        if problem := box_problem(box, frame.image.shape[:2]):
            summary.report(f"{frame.source.name}: {problem}")
        else:
            kept.append(box)
    return as_boxes(kept)


def predict_batch(
    batch: Sequence[tuple[Frame, np.ndarray | None]],
    predict: Predict,
    outputs: Outputs,
    summary: Summary,
) -> None:
    """Predict and write a batch of frames with their boxes, either all or none None."""
    images = [frame.image for frame, _ in batch]
    given = [boxes for _, boxes in batch if boxes is not None]
    keypoints, scores = predict(images, given or None)
    found = zip(keypoints, scores, strict=True)
    for frame, boxes in batch:
        if boxes is None:
            height, width = frame.image.shape[:2]
            boxes = as_boxes([0, 0, width, height])
        people = [Person(box, *next(found)) for box in boxes]
        outputs.add(frame, people)
        summary.frames += 1
        summary.video_frames += frame.index is not None
        summary.people += len(people)
