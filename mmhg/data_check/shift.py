"""Coordinates that are a pixel, or half a pixel, off those of others.

Files count pixels from 0 or from 1, or count borders. From one such source the eye sees nothing;
numbers show it: boxes made from the keypoints, outlines, borders of images, fractions, and the
same picture labeled in two sources.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.geometry import image_size
from mmhg.data_check.pictures import Picture
from mmhg.data_check.records import Person, Source, usable

STEPS = 1.0, 0.5
"""Shifts that are looked for, px."""

MOST = 0.6
"""Share of the people who must agree before others are off."""

Shifts = Iterator[tuple[Person, str, float]]


def check_shift(
    sources: Sequence[Source],
    pictures: Mapping[str, Picture],
    groups: Sequence[Sequence[str]] = (),
) -> list[Finding]:
    """Find people whose coordinates are shifted against the others'.

    Args:
        sources: That they come from.
        pictures: By path.
        groups: Paths that show the same picture.
    """
    people = list(usable(sources))
    found: dict[int, Example] = {}
    tests = (
        _against_boxes(people),
        _against_outlines(people),
        _by_fractions(people),
        _beyond_border(people, pictures),
        _same_picture(people, groups),
        _mean_of_source(people),
    )
    for test in tests:
        for person, text, score in test:
            if id(person) not in found:
                found[id(person)] = person.example(text, score=score)
    return [Finding(kind="pixel-shift", examples=list(found.values()))] if found else []


def _middles(people: Sequence[Person], edges: np.ndarray) -> np.ndarray:
    """Return by how much (N, 2) the keypoints' extent is off the middle of edges (N, 4)."""
    extents = np.stack([one.extent for one in people if one.extent is not None])
    low, high = extents[:, :2] - edges[:, :2], edges[:, 2:] - extents[:, 2:]
    middles: np.ndarray = (low - high) / 2
    return middles


def _off(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Return which of (N, 2) are off the median by one step along both axes, and the step.

    Nobody, if most do not agree to a tenth of it.
    """
    none = np.zeros(len(values), bool)
    if len(values) < 8:
        return none, 0.0
    off = values - np.median(values, axis=0)
    for step in STEPS:
        agree = (np.abs(off) < 0.1 * step).all(axis=1)
        if agree.mean() < MOST:
            continue
        shifted = (np.abs(np.abs(off) - step) < 0.1 * step).all(axis=1)
        shifted &= np.sign(off[:, 0]) == np.sign(off[:, 1])
        if shifted.any():
            return shifted, step
    return none, 0.0


def _against_boxes(people: Sequence[Person]) -> Shifts:
    """Boxes that were made from the keypoints have them in their middle, to the fraction of a px."""
    boxed = [one for one in people if one.corners is not None and one.box_is_labeled]
    if not boxed:
        return
    edges = np.stack([one.corners for one in boxed if one.corners is not None])
    shifted, step = _off(_middles(boxed, edges))
    for index in np.flatnonzero(shifted):
        text = f"keypoints and box are {step:g} px apart, which others' are not"
        yield boxed[index], text, step


def _against_outlines(people: Sequence[Person]) -> Shifts:
    """Boxes are the extent of the outline in COCO's own files."""
    outlined = [one for one in people if one.outline is not None and one.corners is not None]
    if not outlined:
        return
    pairs = [(one.outline, one.corners) for one in outlined]
    outlines, boxes = (np.array(one) for one in zip(*pairs, strict=True))
    shifted, step = _off((outlines - boxes).reshape(-1, 2, 2).mean(axis=1))
    for index in np.flatnonzero(shifted):
        yield outlined[index], f"box and outline are {step:g} px apart, which others' are not", step


def _by_fractions(people: Sequence[Person]) -> Shifts:
    """Whole numbers, or other equal fractions, of all but some."""
    phases = np.full((len(people), 2), np.nan)
    for index, person in enumerate(people):
        assert person.points is not None
        points = person.points[person.labeled]
        if len(points) < 2:
            continue
        turns = np.exp(2j * np.pi * points).mean(axis=0)
        alike = np.abs(turns) > 0.995
        phases[index] = np.where(alike, np.angle(turns) / (2 * np.pi), np.nan)
    known = np.flatnonzero(np.isfinite(phases).all(axis=1))
    if len(known) < max(8, 0.9 * len(people)):
        return
    usual = np.median(phases[known], axis=0)
    off = np.abs((phases[known] - usual + 0.5) % 1 - 0.5)
    if (off < 0.05).all(axis=1).mean() < 0.8:
        return
    for index in known[(off > 0.2).all(axis=1)]:
        text = (
            f"all coordinates have the fraction {phases[index][0] % 1:.2g}, others {usual[0]:.2g}"
        )
        yield people[index], text, 0.5


def _beyond_border(people: Sequence[Person], pictures: Mapping[str, Picture]) -> Shifts:
    """Whole coordinates that reach the image's width or height, where others stop before it."""
    reach, whole, sized = [], [], []
    for person in people:
        size = image_size(person, pictures)
        if size is None or person.extent is None:
            continue
        assert person.points is not None
        points = person.points[person.labeled]
        sized.append(person)
        whole.append(bool((points == np.round(points)).all()))
        reach.append(float(np.max(person.extent[2:] - size)))
    if len(sized) < 8 or np.mean(whole) < 0.9:
        return
    last = np.array(reach)
    near = (last > -4) & (last < 0)
    over = last == 0
    if over.any() and over.sum() < near.sum() + 3 and (last >= 0).mean() < 0.1:
        for index in np.flatnonzero(over):
            yield sized[index], "a keypoint lies on the image's width or height, as if from 1", 1.0


def _same_picture(people: Sequence[Person], groups: Sequence[Sequence[str]]) -> Shifts:
    """The same picture, labeled in two files or folders, a pixel apart."""
    group_of = {path: number for number, group in enumerate(groups) for path in group}
    together: dict[object, list[Person]] = defaultdict(list)
    for person in people:
        together[group_of.get(person.picture or "", person.picture)].append(person)
    for number, same in together.items():
        if number is None or len(same) < 2:
            continue
        for index, person in enumerate(same):
            for other in same[:index]:
                apart = person.picture != other.picture or person.source is not other.source
                if apart and (step := _step_between(person, other)):
                    text = f"{step:g} px off {other.id} in {other.source.file}, of the same picture"
                    yield person, text, abs(step)


def _step_between(one: Person, other: Person) -> float:
    if one.points is None or other.points is None or one.points.shape != other.points.shape:
        return 0.0
    both = one.labeled & other.labeled
    if both.sum() < 2:
        return 0.0
    off = one.points[both] - other.points[both]
    step = float(np.median(off))
    alike = (np.abs(off - step) < 0.1).all() and min(abs(abs(step) - size) for size in STEPS) < 0.1
    return step if alike else 0.0


def _mean_of_source(people: Sequence[Person]) -> Shifts:
    """A file, folder or sub-folder whose keypoints lie a pixel further in their boxes on average."""
    boxed = [one for one in people if one.corners is not None and one.box_is_labeled]
    if len(boxed) < 100:
        return
    edges = np.stack([one.corners for one in boxed if one.corners is not None])
    middles = _middles(boxed, edges)
    for name, members in _parts(boxed).items():
        inside = np.zeros(len(boxed), bool)
        inside[members] = True
        if inside.sum() < 30 or (~inside).sum() < 30:
            continue
        own, rest = middles[inside], middles[~inside]
        off = np.median(own, axis=0) - np.median(rest, axis=0)
        noise = 1.25 * np.hypot(*(_spread(one) / np.sqrt(len(one)) for one in (own, rest)))
        if (np.abs(off) > 5 * noise).all() and 0.4 < np.abs(off).min() <= np.abs(off).max() < 1.6:
            if np.sign(off[0]) == np.sign(off[1]):
                text = f"{name}: keypoints are {np.abs(off).mean():.2f} px off in their boxes"
                for index in members:
                    yield boxed[index], text, 0.1


def _spread(values: np.ndarray) -> np.ndarray:
    spread: np.ndarray = 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)
    return spread


def _parts(people: Sequence[Person]) -> dict[str, list[int]]:
    """Return the people of each annotation file, folder and beginning of file names."""
    parts: dict[str, list[int]] = defaultdict(list)
    for index, person in enumerate(people):
        folder, name = os.path.split(person.picture or "")
        parts[f"file {person.source.file}"].append(index)
        parts[f"folder {folder}"].append(index)
        if start := re.match(r"\D+", name):
            parts[f"pictures {start[0]}*"].append(index)
    return parts
