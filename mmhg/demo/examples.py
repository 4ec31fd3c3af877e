"""Built-in figures as examples, where they are rendered."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mmhg.inference.box_files import read_centers

_MOST = 24


class Example(NamedTuple):
    """A picture with a person in it.

    Attributes:
        path: Of the picture.
        box: Left, top, right, bottom of the person, 0-based px.
    """

    path: Path
    box: list[float]


def find_examples(figures: Path) -> list[Example]:
    """The first validation figures below a folder, of the lowest level that is rendered there."""
    for people_file in sorted(figures.glob("level*/annotations/mpii_val.json")):
        people = read_centers(people_file)
        paths = sorted((people_file.parents[1] / "images").glob("*.jpg"))
        shown = islice((path for path in paths if len(people.of(path.name))), _MOST)
        return [Example(path, people.of(path.name)[0].tolist()) for path in shown]
    return []
