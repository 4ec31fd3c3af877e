"""Run inference over many images: in batches, in their order, and with few of them in memory."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.inference.box_files import BoxFile
from mmhg.inference.boxes import as_boxes, box_problem
from mmhg.inference.outputs import Outputs, refuse_to_replace
from mmhg.inference.predictor import Prediction
from mmhg.inference.sources import Frame, ImageFile, Source
from mmhg.inference.writers.people import Person
from mmhg.utils.progress import with_progress

Predict = Callable[[Sequence[np.ndarray], Sequence[np.ndarray] | None], Iterable[np.ndarray]]
"""A `Predictor`, or a function like it: images and boxes (or None) give keypoints and scores."""

FindPeople = Callable[[Frame], Any]
"""A `BoxFile`, or a function like it: a frame gives the boxes (P, 4) of its people."""

PICTURE_ERRORS = (InputError, cv2.error, MemoryError)
"""Say what a single image can cause."""

_MOST_NAMES = 5


@dataclass
class Summary:
    """Count images and people, and keep the problems.

    Attributes:
        frames: Number of images that were done, including the frames of videos.
        video_frames: Number of these that are frames of videos and cameras.
        people: Number of people in them.
        problems: One message for each thing that went wrong.
        empty: Images and videos without people, and of a video the number of such frames.
    """

    frames: int = 0
    video_frames: int = 0
    people: int = 0
    problems: list[str] = field(default_factory=list)
    empty: Counter[str] = field(default_factory=Counter)

    def add_problem(self, problem: str) -> None:
        """Keep and print a message, once."""
        if problem not in self.problems:
            self.problems.append(problem)
            print(f"error: {problem}", file=sys.stderr)

    @property
    def without_people(self) -> str:
        """Name the images, and count the frames, that have no people."""
        names = [
            f"{_counted(frames, 'frame')} of {name}" if frames else name
            for name, frames in self.empty.items()
        ]
        others = len(names) - _MOST_NAMES
        shown = ", ".join(names[:_MOST_NAMES])
        return f"{shown} and {others} more" if others > 0 else shown

    def __str__(self) -> str:
        images = self.frames - self.video_frames
        counts = [_counted(images, "image")] if images or not self.frames else []
        if self.video_frames:
            counts.append(_counted(self.video_frames, "frame"))
        return f"{_counted(self.people, 'person', 'people')} in {' and '.join(counts)}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def check_sources(
    sources: Sequence[Source], people: FindPeople | None, folder: Path, summary: Summary
) -> list[Source]:
    """Return the sources that inference can run over. This needs no network.

    Args:
        sources: At least one.
        people: Sources that a `BoxFile` does not name are reported and left out.
        folder: The folder that `Outputs` will write.
        summary: Gets the problems.

    Raises:
        InputError: A picture would replace the image that it is made from, or the `BoxFile` names
            none of the sources.
    """
    refuse_to_replace(sources, folder)
    if not isinstance(people, BoxFile):
        return list(sources)
    people.check(source.name for source in sources)
    known = []
    for source in sources:
        try:
            people.of(source.name)
            known.append(source)
        except InputError as error:
            summary.add_problem(f"{source.name}: {error}")
    return known


def run_inference(
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
        sources: Images, videos and cameras. A source that cannot be read is reported.
        predict: The network.
        people: Finds the people in a frame; None takes each image as one person's.
        outputs: Writes the results.
        summary: Gets the counts and the problems.
        batch_size: Largest number of images in memory. That many people are collected before they
            go through the network.

    Returns:
        The summary.
    """
    summary = summary or Summary()
    batch: list[tuple[Frame, np.ndarray | None]] = []
    count = 0
    for frame in frames_of(sources, summary):
        try:
            boxes = None if people is None else croppable(frame, people(frame), summary)
        except PICTURE_ERRORS as error:
            summary.add_problem(_about(frame, error))
            continue
        batch.append((frame, boxes))
        count += 1 if boxes is None else len(boxes)
        if max(len(batch), count) >= batch_size:
            predict_batch(batch, predict, outputs, summary)
            batch, count = [], 0
    if batch:
        predict_batch(batch, predict, outputs, summary)
    return summary


def frames_of(sources: Sequence[Source], summary: Summary) -> Iterable[Frame]:
    """Give the frames of all sources; show progress if their number is known."""

    def readable() -> Iterator[Frame]:
        for source in sources:
            try:
                yield from source.frames()
            except PICTURE_ERRORS as error:
                text = str(error) if isinstance(error, InputError) else f"{source.name}: {error!r}"
                summary.add_problem(text)

    lengths = [source.length for source in sources]
    if None in lengths:
        return readable()
    only_images = all(isinstance(source, ImageFile) for source in sources)
    total = sum(length for length in lengths if length is not None)
    return with_progress(readable(), total, "images" if only_images else "frames")


def croppable(frame: Frame, boxes: Any, summary: Summary) -> np.ndarray:
    """Return the boxes (P, 4) that can be cropped, and report the others."""
    kept = []
    for box in as_boxes(boxes):
        if problem := box_problem(box, frame.image.shape[:2]):
            summary.add_problem(f"{frame.source.name}: {problem}")
        else:
            kept.append(box)
    return as_boxes(kept)


def predict_batch(
    batch: Sequence[tuple[Frame, np.ndarray | None]],
    predict: Predict,
    outputs: Outputs,
    summary: Summary,
) -> None:
    """Predict and write a batch of frames. Either all have boxes or none has.

    An image that cannot be processed is reported, and costs the others nothing.
    """
    try:
        found = _predicted(batch, predict)
    except PICTURE_ERRORS as error:
        if len(batch) == 1:
            summary.add_problem(_about(batch[0][0], error))
            return
        for one in batch:
            predict_batch([one], predict, outputs, summary)
        return
    for (frame, _), people in zip(batch, found, strict=True):
        try:
            outputs.add(frame, people)
        except cv2.error as error:
            summary.add_problem(_about(frame, error))
        summary.frames += 1
        summary.video_frames += frame.index is not None
        summary.people += len(people)
        if not people:
            summary.empty[frame.source.name] += frame.index is not None


def _predicted(
    batch: Sequence[tuple[Frame, np.ndarray | None]], predict: Predict
) -> list[list[Person]]:
    """Return the people of each frame."""
    images = [frame.image for frame, _ in batch]
    given = [boxes for _, boxes in batch if boxes is not None]
    prediction = predict(images, given or None)
    keypoints, scores = prediction
    if isinstance(prediction, Prediction):
        cropped = prediction.boxes
    elif given:
        cropped = np.concatenate(given)
    else:
        cropped = np.array([[0, 0, image.shape[1], image.shape[0]] for image in images], float)
    found = map(Person, cropped, keypoints, scores)
    return [list(islice(found, 1 if boxes is None else len(boxes))) for _, boxes in batch]


def _about(frame: Frame, error: Exception) -> str:
    """Name the image that an error is about, unless its message does."""
    text = " ".join(str(error).split()) or type(error).__name__
    name = frame.source.name
    if frame.index is not None:
        name += f", frame {frame.index}"
    return text if frame.source.name in text else f"{name} cannot be processed: {text}"
