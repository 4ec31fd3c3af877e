"""Find synthetic people as examples for the page."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mmhg.inference.box_files import read_centers

_MOST = 24


class Example(NamedTuple):
    """Hold an image with a person in it.

    Attributes:
        path: The image's file.
        box: Left, top, right, bottom of the person, 0-based px.
    """

    path: Path
    box: list[float]


def find_examples(folder: Path) -> list[Example]:
    """Find the first validation people below a folder, of the lowest level rendered there."""
    for people_file in sorted(folder.glob("level*/annotations/mpii_val.json")):
        people = read_centers(people_file)
        paths = sorted((people_file.parents[1] / "images").glob("*.jpg"))
        shown = islice((path for path in paths if len(people.of(path.name))), _MOST)
        return [Example(path, people.of(path.name)[0].tolist()) for path in shown]
    return []
