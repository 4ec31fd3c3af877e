"""Write tables of keypoints: a line per person, or a line per keypoint."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from mmhg.inference.writers.people import (
    PX_DIGITS,
    SECONDS_DIGITS,
    ImageRef,
    KeypointFile,
    Person,
    Run,
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets compute a cell that begins so."""


class WideCsv(KeypointFile):
    """One line per person: image, frame, box, mean score, then x, y and score of each keypoint.

    The three cells of a keypoint that is not finite are empty.
    """

    def __init__(self, file: TextIO, run: Run) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        fields = [f"{_text(name)}_{field}" for name in run.names for field in ("x", "y", "score")]
        self._writer.writerow(
            ["image", "frame", "left", "top", "right", "bottom", "score", *fields]
        )

    def add(self, image: ImageRef, people: Sequence[Person]) -> None:
        """Write the people of an image, or of a frame."""
        for person in people:
            box = [round(side, PX_DIGITS) for side in person.box.tolist()]
            numbers = [number for cells in _cells(person) for number in cells]
            start = [_file(image.name), _or_empty(image.frame)]
            self._writer.writerow([*start, *box, person.score, *numbers])

    def end(self, images: Sequence[Mapping[str, Any]]) -> None:
        """Do nothing: the table is complete."""


class LongCsv(KeypointFile):
    """One line per keypoint: image, frame, time in s, person, keypoint, x, y, score.

    People are numbered from 1 in each image and in each frame.
    """

    def __init__(self, file: TextIO, run: Run) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(["image", "frame", "time", "person", "keypoint", "x", "y", "score"])
        self._names = [_text(name) for name in run.names]

    def add(self, image: ImageRef, people: Sequence[Person]) -> None:
        """Write the people of an image, or of a frame."""
        time = None if image.time is None else round(image.time, SECONDS_DIGITS)
        where = [_file(image.name), _or_empty(image.frame), _or_empty(time)]
        for number, person in enumerate(people, start=1):
            for name, cells in zip(self._names, _cells(person), strict=True):
                self._writer.writerow([*where, number, name, *cells])

    def end(self, images: Sequence[Mapping[str, Any]]) -> None:
        """Do nothing: the table is complete."""


def _cells(person: Person) -> list[list[Any]]:
    """Return x, y and score of each keypoint, empty where not finite."""
    rows = zip(person.rows(), person.finite.tolist(), strict=True)
    return [row if finite else ["", "", ""] for row, finite in rows]


def _or_empty(value: float | None) -> Any:
    return "" if value is None else value


def _file(name: str) -> str:
    """Return a file's name that no spreadsheet takes for a formula, and that is the same file's."""
    return f"./{name}" if name.startswith(_FORMULA) else name


def _text(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(_FORMULA) else name
