"""People, images and files as they are, before any reader has refused something.

Shape shorthand in this package: N people, K keypoints. Coordinates are 0-based px, x and y.
"""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmhg.data_check.findings import Example


@dataclass(eq=False, kw_only=True)
class Person:
    """One annotation.

    Args:
        source: That it comes from.
        id: As the file has it, or the person's number.
        split: `train` or `val`.
        picture: Path of the picture, None if the annotation has none.
        points: (K, 2) px, NaN where not labeled; None if there are no such numbers.
        flags: (K,) 2 visible, 1 hidden, 0 not labeled; None as above.
        box: (4,) x, y, width, height px, as the file has it; None if it has none.
        box_is_labeled: False where the dataset made the box from the keypoints.
        size: Width and height of the image as the file states them, px.
        crowd: Whether `iscrowd` is set.
        stated: `num_keypoints`, None if the file has none.
        outline: (4,) left, top, right, bottom of its segmentation, None without one.
        used: Whether the dataset takes the person, as far as the file shows it.
    """

    source: Source
    id: Any
    split: str
    picture: str | None
    points: np.ndarray | None
    flags: np.ndarray | None
    box: np.ndarray | None
    box_is_labeled: bool = True
    size: tuple[float, float] | None = None
    crowd: bool = False
    stated: int | None = None
    outline: np.ndarray | None = None
    used: bool = True

    @property
    def labeled(self) -> np.ndarray:
        """Return (K,) bool, True for labeled keypoints."""
        return np.zeros(0, bool) if self.flags is None else self.flags > 0

    @property
    def corners(self) -> np.ndarray | None:
        """Return the box as left, top, right, bottom."""
        return None if self.box is None else np.concatenate([self.box[:2], self.end])

    @property
    def end(self) -> np.ndarray:
        """Return right and bottom of the box."""
        assert self.box is not None
        end: np.ndarray = self.box[:2] + self.box[2:]
        return end

    @property
    def extent(self) -> np.ndarray | None:
        """Return left, top, right, bottom (4,) of the labeled keypoints; None without any."""
        labeled = self.labeled
        if self.points is None or not labeled.any():
            return None
        points = self.points[labeled]
        return np.concatenate([points.min(axis=0), points.max(axis=0)])

    def example(self, what: str, score: float = 0.0) -> Example:
        """Make an example of this person."""
        return Example(
            file=self.source.file,
            id=self.id,
            what=what,
            picture=self.picture,
            points=self.points,
            labeled=self.labeled,
            box=self.corners,
            score=score,
        )


@dataclass(eq=False, kw_only=True)
class Source:
    """One annotation file as one dataset of the config reads it.

    Args:
        split: `train` or `val`.
        file: The annotation file.
        folder: Of the images.
        settings: Of the dataset in the config.
        names: Of the keypoints, as the metainfo has them; empty if unknown.
        file_names: Of the keypoints by the file's own categories.
        people: Everybody in the file on this split's side.
        pictures: Path of each listed image on this split's side, with its id.
        sizes: Stated width and height by path.
        content: The file's content where it is COCO's format.
        problems: Examples by kind that reading has found.
    """

    split: str
    file: str
    folder: str
    settings: dict[str, Any]
    metainfo: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    file_names: list[list[str]] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    pictures: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, tuple[float, float]] = field(default_factory=dict)
    content: dict[str, Any] | None = None
    problems: dict[str, list[Example]] = field(default_factory=dict)

    def add(self, kind: str, what: str, **more: Any) -> None:
        """Note a problem of the file."""
        self.problems.setdefault(kind, []).append(Example(file=self.file, what=what, **more))

    @property
    def is_coco(self) -> bool:
        """Tell if the file is in COCO's format."""
        return self.content is not None

    def path_of(self, name: str) -> str:
        """Return the path of an image by its name in the file."""
        return osp.join(self.folder, name)


def usable(sources: Sequence[Source], count: int | None = None) -> Iterator[Person]:
    """List the people with labeled keypoints, no crowds.

    Args:
        sources: That they come from.
        count: Number of keypoints that they must have; None for that of their metainfo.
    """
    for source in sources:
        expected = count or len(source.names)
        for person in source.people:
            if person.points is None or person.crowd or not person.labeled.any():
                continue
            if not expected or len(person.points) == expected:
                yield person
