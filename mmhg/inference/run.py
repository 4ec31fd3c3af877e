"""Inference over many pictures: batched, in their order, and with a bounded number in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.inference.boxes import as_boxes, fault
from mmhg.inference.outputs import Outputs
from mmhg.inference.records import Person
from mmhg.inference.sources import Frame, Source

Predict = Callable[[Sequence[np.ndarray], Sequence[np.ndarray] | None], Iterable[np.ndarray]]
"""From images and their boxes, or None, to keypoints and scores, as `Predictor`."""

FindPeople = Callable[[Frame], Any]
"""The boxes (P, 4) of a frame's people."""


@dataclass
class Tally:
    """What became of a run.

    Attributes:
        frames: Pictures that were done, those of videos among them.
        video_frames: How many of them were of videos and cameras.
        people: In them.
        faults: What went wrong.
    """

    frames: int = 0
    video_frames: int = 0
    people: int = 0
    faults: list[str] = field(default_factory=list)

    def report(self, fault: str) -> None:
        """Note and print what went wrong, once."""
        if fault not in self.faults:
            self.faults.append(fault)
            print(f"error: {fault}", file=sys.stderr)

    def __str__(self) -> str:
        pictures = self.frames - self.video_frames
        places = [_counted(pictures, "picture")] if pictures or not self.frames else []
        if self.video_frames:
            places.append(_counted(self.video_frames, "frame"))
        return f"{_counted(self.people, 'person', 'people')} in {' and '.join(places)}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def all_frames(sources: Iterable[Source], tally: Tally) -> Iterator[Frame]:
    """The frames of all sources; what cannot be read is reported, and the next one begun."""
    for source in sources:
        try:
            yield from source.frames()
        except InputError as error:
            tally.report(str(error))


def run(
    frames: Iterable[Frame],
    predict: Predict,
    find_people: FindPeople | None,
    outputs: Outputs,
    tally: Tally,
    batch_size: int,
) -> None:
    """Predict and write, in the order of the frames.

    Args:
        frames: Of one source after the other.
        predict: The network.
        find_people: None takes each picture as one person's.
        outputs: Takes what is found.
        tally: Takes what was done, and what could not be.
        batch_size: Most pictures in memory; people are gathered up to as many before they go
            through the network.
    """
    batch: list[tuple[Frame, np.ndarray | None]] = []
    people = 0
    for frame in frames:
        boxes = None if find_people is None else usable(frame, find_people(frame), tally)
        batch.append((frame, boxes))
        people += 1 if boxes is None else len(boxes)
        if max(len(batch), people) >= batch_size:
            finish(batch, predict, outputs, tally)
            batch, people = [], 0
    if batch:
        finish(batch, predict, outputs, tally)


def usable(frame: Frame, boxes: Any, tally: Tally) -> np.ndarray:
    """The boxes that can be cropped; the others are reported."""
    kept = []
    for box in as_boxes(boxes):
        if problem := fault(box, frame.image.shape[:2]):
            tally.report(f"{frame.source.name}: {problem}")
        else:
            kept.append(box)
    return as_boxes(kept)


def finish(
    batch: Sequence[tuple[Frame, np.ndarray | None]],
    predict: Predict,
    outputs: Outputs,
    tally: Tally,
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
        tally.frames += 1
        tally.video_frames += frame.index is not None
        tally.people += len(people)
