"""Say what is labeled and what is not: keypoints, people, images."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.records import Person, Source, usable

FEW = 20
"""People below whom nothing is said of a keypoint that is always labeled."""

MOSTLY = 0.95
"""Share of the people who have half of the other keypoints, from which one more is no surprise."""

RARE = 0.05
"""Share of people without any label up to which they are listed. In COCO half of the people have
none."""

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_PICTURE_NAME = re.compile(rb"[^\s\"'\\/<>|;,\x00]+\.(?:jpe?g|png|bmp|webp|tiff?)", re.IGNORECASE)
_MOST_BYTES = 300_000_000


def counts(sources: Sequence[Source]) -> list[dict]:
    """Count images, people and keypoints of each split.

    Returns:
        For each split, numbers by what they count, and `keypoints` by name.
    """
    rows = []
    for split in dict.fromkeys(source.split for source in sources):
        own = [source for source in sources if source.split == split]
        everyone = [person for source in own for person in source.people]
        people = list(usable(own))
        keypoints: Counter[str] = Counter()
        for source in own:
            keypoints.update(dict.fromkeys(source.names, 0))
            for person in usable([source]):
                named = np.flatnonzero(person.labeled)
                keypoints.update(source.names[k] for k in named if k < len(source.names))
        sides = [max(one.box[2:]) for one in people if one.box is not None]
        rows.append(
            dict(
                split=split,
                images=len({path for source in own for path in source.pictures}),
                people=len(everyone),
                labeled=len(people),
                used=sum(person.used for person in everyone),
                crowds=sum(person.crowd for person in everyone),
                without_labels=sum(not one.labeled.any() and not one.crowd for one in everyone),
                keypoints=dict(keypoints),
                box_sides=[round(float(one)) for one in np.quantile(sides, [0, 0.05, 0.5, 0.95, 1])]
                if sides
                else [],
            )
        )
    return rows


def check_keypoint_labels(sources: Sequence[Source]) -> list[Finding]:
    """Find keypoints that nobody has, and those that alone everybody has."""
    by_names: dict[tuple[str, ...], list[Source]] = defaultdict(list)
    for source in sources:
        by_names[tuple(source.names)].append(source)
    never, always = [], []
    for names, own in by_names.items():
        people = list(usable(own))
        if not people or not names:
            continue
        share = np.mean([person.labeled for person in people], axis=0)
        files = ", ".join(dict.fromkeys(source.file for source in own))
        train = [one.labeled for one in people if one.split == "train"]
        trained = np.mean(train, axis=0) if train else share
        for k, name in enumerate(names):
            if trained[k] == 0:
                where = "nobody" if share[k] == 0 else "nobody in training"
                text = f"{name} (keypoint {k}) is labeled in {where} of {len(train)} people"
                never.append(Example(file=files, id=name, what=text))
            elif share[k] == 1 and len(people) >= FEW and share.min() < 1:
                same = _repeated(people, k)
                if same is None and np.median(np.delete(share, k)) > MOSTLY:
                    continue
                text = (
                    f"{name} (keypoint {k}) is labeled in all of {len(people)} people, the others "
                    f"in {np.median(np.delete(share, k)):.0%} of them"
                )
                if same:
                    text += f"; in {same[1]} it lies at ({same[0][0]:g}, {same[0][1]:g})"
                score = float(same[1]) if same else 0.0
                always.append(Example(file=files, id=name, what=text, score=score))
    return [
        Finding(kind=kind, examples=examples)
        for kind, examples in (("never-labeled", never), ("always-labeled", always))
        if examples
    ]


def _repeated(people: Sequence[Person], k: int) -> tuple[tuple[float, float], int] | None:
    """Return the place at which several people have keypoint `k`, and their number."""
    places = Counter(
        (float(one.points[k, 0]), float(one.points[k, 1]))
        for one in people
        if one.points is not None
    )
    place, number = places.most_common(1)[0]
    return (place, number) if number >= 3 else None


def check_ignored(sources: Sequence[Source]) -> list[Finding]:
    """Find people with labels whom the datasets leave out, and few without any among many with."""
    everyone = [person for source in sources for person in source.people]
    bare = [one for one in everyone if not one.labeled.any()]
    examples = []
    for person in everyone:
        reason = _why_ignored(person)
        if reason and (person.labeled.any() or len(bare) <= max(RARE * len(everyone), 3)):
            number = int(person.labeled.sum())
            text = f"{number} keypoints are labeled, but {reason}" if number else reason
            examples.append(person.example(text, score=number))
    return [Finding(kind="ignored-people", examples=examples)] if examples else []


def _why_ignored(person: Person) -> str:
    if person.points is None and person.flags is None:
        return "it has no keypoints" if person.used is False and not person.crowd else "a crowd"
    if person.crowd:
        return "iscrowd is 1"
    if not person.labeled.any():
        return "no keypoint is labeled: all flags are 0"
    if person.stated == 0:
        return "num_keypoints is 0, by which COCO's tools leave people out"
    if person.box is None:
        return "" if person.used else "there is no bbox"
    if not (person.box[2:] > 0).all():
        return f"the box has no area: width {person.box[2]:g}, height {person.box[3]:g}"
    if person.size is not None:
        corners = np.clip(np.r_[person.box[:2], person.end], 0, np.tile(person.size, 2) - 1)
        if not (corners[2:] > corners[:2]).all():
            return "the box has no area inside of the image"
    return "" if person.used else "the dataset leaves the person out"


def check_unused(sources: Sequence[Source]) -> list[Finding]:
    """Find listed images without annotations, and files that no annotation names."""
    examples = []
    named = {path for source in sources for path in source.pictures}
    annotated = {one.picture for source in sources for one in source.people}
    for source in sources:
        for path, number in source.pictures.items():
            if path not in annotated:
                text = "the file lists the image, and has no annotation of it"
                examples.append(
                    Example(file=source.file, id=number, what=text, picture=path, score=1)
                )
    folders: dict[str, Source] = {}
    for source in sources:
        for path in source.pictures:
            folders.setdefault(os.path.dirname(path), source)
    for folder, source in folders.items():
        unnamed = sorted(_files(folder) - named)
        elsewhere = _names_elsewhere(source.file) if unnamed else set()
        for path in unnamed:
            if Path(path).name.encode() not in elsewhere:
                text = "no annotation names this file"
                examples.append(Example(file=source.file, what=text, picture=path))
    return [Finding(kind="unused-images", examples=examples)] if examples else []


def _files(folder: str) -> set[str]:
    try:
        with os.scandir(folder or os.curdir) as entries:
            return {
                os.path.join(folder, entry.name)
                for entry in entries
                if entry.name.lower().endswith(_PICTURES) and not entry.name.startswith(".")
            }
    except OSError:
        return set()


def _names_elsewhere(own: str) -> set[bytes]:
    """Return the names of pictures in other files beside annotations: a test set's, perhaps."""
    found: set[bytes] = set()
    for path in sorted(Path(own).parent.glob("*")):
        readable = path.suffix.lower() in (".json", ".csv", ".txt", ".xml") and path.is_file()
        other = readable and path.absolute() != Path(own).absolute()
        if other and path.stat().st_size < _MOST_BYTES:
            found.update(_PICTURE_NAME.findall(path.read_bytes()))
    return found
