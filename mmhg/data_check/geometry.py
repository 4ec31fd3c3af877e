"""Keypoints against the image and the box, and boxes against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.pictures import Picture
from mmhg.data_check.records import Person, Source, usable

BORDER = 1.0
"""px by which keypoints may lie outside of an image: some files count pixels from 1."""

VISIBLE, HIDDEN = 0.05, 0.6
"""Shares of the box's longer side by which keypoints may lie outside of a box. Boxes of COCO hold
what is seen of a person; the hidden keypoints of 154 people lie up to 0.46 outside, no visible one
more than 0.05."""

LEAST = 2.0
"""px that are allowed in any case."""

SMALLEST_SIDES = 6.0, 16.0
"""px of a box's shorter and longer side, below which an object has nothing to see."""

SHARE_OF_EXTENT, SHARE_OF_MEDIAN = 1 / 8, 1 / 15
"""Of the box's longer side: in its own keypoints' extent, in everybody's median."""


def image_size(person: Person, pictures: Mapping[str, Picture]) -> tuple[float, float] | None:
    """Return width and height of a person's image, as the picture has them, or as stated."""
    picture = pictures.get(person.picture or "")
    if picture is not None and picture.size is not None:
        return picture.size
    return person.size


def check_points_in_image(
    sources: Sequence[Source], pictures: Mapping[str, Picture]
) -> list[Finding]:
    """Find keypoints outside of their image."""
    examples = []
    for person in usable(sources):
        size = image_size(person, pictures)
        if size is None or person.points is None:
            continue
        beyond = np.maximum(-BORDER - person.points, person.points - size).max(axis=1)
        outside = np.flatnonzero(np.nan_to_num(beyond, nan=-1) > 0)
        if outside.size:
            worst = outside[beyond[outside].argmax()]
            more = f", and {outside.size - 1} more" if outside.size > 1 else ""
            text = (
                f"{_name(person, worst)} at {_shown(person.points[worst])} lies outside of the "
                f"image of {size[0]:g} x {size[1]:g} px{more}"
            )
            examples.append(person.example(text, score=float(beyond[worst])))
    return [Finding(kind="points-outside-image", examples=examples)] if examples else []


def check_points_in_box(sources: Sequence[Source]) -> list[Finding]:
    """Find keypoints outside of their box, and boxes with little of their object in them."""
    outside, empty = [], []
    for person in usable(sources):
        beyond = overhang(person)
        if beyond is None or person.flags is None or person.points is None:
            continue
        labeled = person.labeled
        hidden = person.flags == 1
        if not (person.flags == 2).any():  # no distinction is made
            hidden = np.zeros_like(hidden)
        out = labeled & (beyond > np.where(hidden, HIDDEN, VISIBLE))
        strict = labeled & (beyond > VISIBLE)
        worst = int(np.where(labeled, beyond, -np.inf).argmax())
        if out.any():
            text = (
                f"{_name(person, worst)} at {_shown(person.points[worst])} lies outside of the "
                f"box {_box(person)} by {beyond[worst]:.0%} of its longer side"
            )
            outside.append(person.example(text, score=float(beyond[worst])))
        visible = labeled & ~hidden
        few = visible.sum() and (out & visible).sum() >= max(2, 0.2 * visible.sum())
        alone = labeled.sum() == 1 and out.any() and beyond[worst] > 0.25
        if few or alone or strict.sum() >= max(2, 0.6 * labeled.sum()):
            text = f"{strict.sum()} of {labeled.sum()} keypoints lie outside of the box"
            empty.append(
                person.example(f"{text} {_box(person)}", score=strict.sum() / labeled.sum())
            )
    return [
        Finding(kind=kind, examples=examples)
        for kind, examples in (("points-outside-box", outside), ("boxes-without-points", empty))
        if examples
    ]


def overhang(person: Person) -> np.ndarray | None:
    """Return by how much (K,) keypoints lie outside of the box, in shares of its longer side.

    Up to `LEAST` px are taken off. Negative inside; None without a labeled box.
    """
    if person.box is None or person.points is None or not person.box_is_labeled:
        return None
    if not (person.box[2:] > 0).all():
        return None
    beyond = np.maximum(person.box[:2] - person.points, person.points - person.end).max(axis=1)
    beyond = np.nan_to_num(beyond, nan=-np.inf)
    shares: np.ndarray = (beyond - LEAST) / person.box[2:].max()
    return shares


def check_tiny(sources: Sequence[Source]) -> list[Finding]:
    """Find boxes in which nothing can be seen."""
    people = [one for one in usable(sources) if one.box is not None and (one.box[2:] > 0).all()]
    if not people:
        return []
    sides = np.stack([one.box[2:] for one in people if one.box is not None])
    median = float(np.median(sides.max(axis=1)))
    examples = []
    for person, (width, height) in zip(people, sides.tolist(), strict=True):
        shorter, longer = sorted((width, height))
        reason = ""
        extent = person.extent
        reach = 0.0 if extent is None else float((extent[2:] - extent[:2]).max())
        if longer < SMALLEST_SIDES[1]:
            reason = f"its longer side is below {SMALLEST_SIDES[1]:g} px"
        elif shorter < SMALLEST_SIDES[0] and person.box_is_labeled:
            reason = f"its shorter side is below {SMALLEST_SIDES[0]:g} px"
        elif person.box_is_labeled and longer < SHARE_OF_EXTENT * reach:
            reason = f"its keypoints are {reach:.0f} px apart"
        elif longer < SHARE_OF_MEDIAN * median:
            reason = f"half of all boxes have {median:.0f} px or more"
        if reason:
            text = f"the box is {width:g} x {height:g} px: {reason}"
            examples.append(person.example(text, score=1 / max(longer, 1e-3)))
    return [Finding(kind="tiny-boxes", examples=examples)] if examples else []


def check_corners(sources: Sequence[Source], pictures: Mapping[str, Picture]) -> list[Finding]:
    """Find boxes that are x1, y1, x2, y2, or centers, in files of x, y, width, height."""
    found: list[Example] = []
    people = [one for one in usable(sources) if one.source.is_coco and one.box is not None]
    fits = np.array([_overlap(one.corners, one.extent) for one in people])
    usual = float(np.median(fits)) if len(fits) else 0.0
    rare = float(np.quantile(fits, 0.05)) if len(fits) >= 20 else 0.0
    for person, fit in zip(people, fits, strict=True):
        if person.box is None or person.extent is None:
            continue
        size = image_size(person, pictures)
        over = 0.0 if size is None else float(np.max((person.end - size) / max(size)))
        for name, corners in _other_readings(person.box):
            if not _holds(corners, person) or not _inside(corners, size):
                continue
            other = _overlap(corners, person.extent)
            leaves_image = over > 0.02 and other > fit
            far_better = other > 2 * fit + 0.05 and other > 0.8 * usual and fit <= max(rare, 0.15)
            lost = name != "corners" and not _holds(person.corners, person)
            if (leaves_image and name == "corners") or (far_better and name == "corners") or lost:
                if name != "corners" and other < 0.6 * usual:
                    continue
                text = (
                    f"as x, y, width, height the box {_box(person)} covers {fit:.0%} of what its "
                    f"keypoints do; as {name}, {other:.0%}"
                )
                found.append(person.example(text, score=other - fit))
                break
    if not found:
        return []
    share = len(found) / max(len(people), 1)
    note = f"{share:.0%} of the boxes: the whole file is wrong" if share > 0.5 else ""
    return [Finding(kind="corners-as-boxes", examples=found, certain=share > 0.5, note=note)]


def _other_readings(box: np.ndarray) -> list[tuple[str, np.ndarray]]:
    readings = [("corners", box), ("center", np.concatenate([box[:2] - box[2:] / 2] * 2))]
    readings[1][1][2:] += box[2:]
    return [(name, corners) for name, corners in readings if (corners[2:] > corners[:2] + 1).all()]


def _inside(corners: np.ndarray, size: tuple[float, float] | None) -> bool:
    slack = 0.0 if size is None else 0.02 * max(size)
    return size is None or bool(
        (corners[:2] >= -slack).all() and (corners[2:] <= np.add(size, slack)).all()
    )


def _holds(corners: np.ndarray | None, person: Person) -> bool:
    """Tell if left, top, right, bottom hold a person's keypoints."""
    if corners is None or person.points is None or person.flags is None:
        return False
    side = (corners[2:] - corners[:2]).max()
    beyond = np.maximum(corners[:2] - person.points, person.points - corners[2:]).max(axis=1)
    shares = (np.nan_to_num(beyond, nan=-np.inf) - LEAST) / side
    return bool((shares[person.flags > 1] <= VISIBLE).all() and (shares <= HIDDEN).all())


def _overlap(corners: np.ndarray | None, extent: np.ndarray | None) -> float:
    """Return intersection over union of a box with the extent of the keypoints, a px larger."""
    if corners is None or extent is None:
        return 0.0
    extent = extent + [-1, -1, 1, 1]
    sides = np.minimum(corners[2:], extent[2:]) - np.maximum(corners[:2], extent[:2])
    inner = float(np.prod(np.maximum(sides, 0)))
    areas = np.prod(np.maximum(corners[2:] - corners[:2], 0)) + np.prod(extent[2:] - extent[:2])
    return inner / float(max(areas - inner, 1e-9))


def _name(person: Person, keypoint: int) -> str:
    names = person.source.names
    return names[keypoint] if keypoint < len(names) else f"keypoint {keypoint}"


def _shown(point: np.ndarray) -> str:
    return f"({point[0]:.1f}, {point[1]:.1f})"


def _box(person: Person) -> str:
    return "none" if person.box is None else f"[{', '.join(f'{one:g}' for one in person.box)}]"
