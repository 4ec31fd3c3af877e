"""Decide which labeled images validate. The same labels are split in the same way each time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from mmhg.errors import InputError
from mmhg.labels import LabeledImage
from mmhg.utils.csv_file import read_csv

SHARE = 0.15
"""Fraction of the images that validate, about, where nothing is said."""

FOLDER, IMAGE = "folder", "image"
"""Words for `group`: the picture's folder; each image by itself."""

_LIKE_A_FRAME = re.compile(r"(?i)frame[-_ ]?\d+")


@dataclass(frozen=True, kw_only=True)
class Split:
    """Say which images validate.

    Attributes:
        validates: One of each image.
        how: In words.
        warnings: Why the scores may be too good.
    """

    validates: list[bool]
    how: str
    warnings: list[str] = field(default_factory=list)


def split(
    images: Sequence[LabeledImage],
    *,
    val: Sequence[str] | float | None = None,
    group: str | Path | None = None,
) -> Split:
    """Split images by what the labels say, else by groups, else one by one.

    Groups validate or train as a whole, about 15 % of the images, and at least one group. Without
    groups every n-th image validates, in the labels' order. If there is one group, as in frames of
    one video, every n-th image of it validates, and a warning says that the scores will be too
    good.

    Args:
        images: At least two.
        val: The fraction that validates, or the names of the groups that do.
        group: `"folder"`; `"image"`; a CSV file with the columns `image` and `group`; or None for
            the groups that the labels have.

    Raises:
        InputError: There are too few images, or the groups cannot be used.
    """
    if len(images) < 2:
        raise InputError(
            f"the labels have {len(images)} image with a labeled keypoint. At least two are "
            "needed, one to train on and one to validate on"
        )
    stated = [image.split for image in images]
    if val is None and group is None and {"train", "val"} <= set(stated):
        validates = [one == "val" for one in stated]
        warnings = _videos_on_both_sides(images, validates)
        return Split(validates=validates, how="as the labels say", warnings=warnings)
    groups, kind = _groups(images, group)
    if isinstance(val, list | tuple):
        return _by_name(groups, kind, val)
    share = SHARE if val is None else float(val)  # type: ignore[arg-type]
    if not 0 < share < 1:
        raise InputError(f"--val must be a fraction between 0 and 1, got {share:g}")
    names = list(dict.fromkeys(groups))
    if len(names) == len(images):
        validates = _every_nth(len(images), share)
        warnings = _videos_on_both_sides(images, validates) or _frames_by_name(images)
        return Split(validates=validates, how="by image", warnings=warnings)
    if len(names) == 1:
        warning = (
            f"all images are of one {kind}, {names[0]}. Images that validate are much like images "
            "that train: the scores will be better than in another one. Label a second one to know"
        )
        return Split(
            validates=_every_nth(len(images), share),
            how=f"by image, inside of one {kind}",
            warnings=[warning],
        )
    chosen = _chosen_groups(Counter(groups), share)
    return Split(
        validates=[name in chosen for name in groups],
        how=f"by {kind}: {_listed(sorted(chosen))} of {len(names)}",
    )


def _groups(images: Sequence[LabeledImage], group: str | Path | None) -> tuple[list[str], str]:
    """Return each image's group, and what a group is called."""
    if group == FOLDER:
        return [str(image.path.parent) for image in images], "folder"
    if group == IMAGE:
        frames = ("" if image.frame is None else f"#{image.frame}" for image in images)
        return [f"{one.path}{frame}" for one, frame in zip(images, frames, strict=True)], "image"
    if group is not None:
        return _listed_groups(images, Path(group)), "group"
    own = [image.group for image in images]
    videos = any(image.frame is not None for image in images)
    groups = [
        str(image.path) if name is None else name for name, image in zip(own, images, strict=True)
    ]
    return groups, "video" if videos else "group (video or subject)"


def _listed_groups(images: Sequence[LabeledImage], path: Path) -> list[str]:
    """Read each image's group from a CSV file."""
    if not path.is_file():
        raise InputError(
            f"--group must be {FOLDER}, {IMAGE} or a CSV file with the columns image and group, "
            f"got {str(path)!r}, which is no file"
        )
    header, *rows = read_csv(path).rows or [[]]
    columns = [cell.strip().lower() for cell in header]
    if not {"image", "group"} <= set(columns):
        raise InputError(f"{path} must begin with a row that has image and group, got {header}")
    wanted = columns.index("image"), columns.index("group")
    listed: dict[str, str] = {}
    for row in rows:
        if max(wanted) < len(row):
            name, value = (row[column].strip() for column in wanted)
            if listed.setdefault(name, value) != value:
                raise InputError(f"{path} has the image {name!r} in two groups")
    groups = [_of_image(image.path, listed) for image in images]
    missing = [image.path for image, found in zip(images, groups, strict=True) if found is None]
    if missing:
        raise InputError(
            f"{path} has no group for {len(missing)} images, the first is {missing[0]}. Name "
            "images as the labels do, or by the end of their paths"
        )
    return [str(found) for found in groups]


def _of_image(path: Path, listed: dict[str, str]) -> str | None:
    """Return the group of a path that is listed whole, or by its last parts."""
    parts = path.as_posix().split("/")
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((listed[end] for end in ends if end in listed), None)


def _by_name(groups: Sequence[str], kind: str, names: Sequence[str]) -> Split:
    """Split by the names of the groups that validate, or the ends of these names."""
    known = list(dict.fromkeys(groups))
    chosen = set()
    for name in names:
        matching = [one for one in known if one == name or one.endswith(f"/{name}")]
        if len(matching) != 1:
            raise InputError(
                f"--val names {name!r}, which is {'several' if matching else 'none'} of the "
                f"{len(known)} groups: {_listed(known)}"
            )
        chosen.add(matching[0])
    validates = [one in chosen for one in groups]
    if all(validates):
        raise InputError("--val names all groups: nothing is left to train on")
    return Split(validates=validates, how=f"by {kind}: {_listed(sorted(chosen))}, as you say")


def _every_nth(count: int, share: float) -> list[bool]:
    """Choose about this share of the places, evenly; at least one, and not all."""
    number = min(max(1, round(count * share)), count - 1)
    chosen = {(2 * index + 1) * count // (2 * number) for index in range(number)}
    return [index in chosen for index in range(count)]


def _chosen_groups(sizes: Counter[str], share: float) -> set[str]:
    """Choose groups that have about this share of the images, by a fixed draw."""
    wanted = share * sizes.total()
    drawn = sorted(sizes, key=lambda name: sha256(name.encode(errors="replace")).digest())
    chosen: set[str] = set()
    count = 0
    for name in drawn:
        after = count + sizes[name]
        if abs(after - wanted) < abs(count - wanted) and len(chosen) < len(sizes) - 1:
            chosen.add(name)
            count = after
    return chosen or {min(drawn, key=lambda name: sizes[name])}


def _videos_on_both_sides(images: Sequence[LabeledImage], validates: Sequence[bool]) -> list[str]:
    """Warn of groups, such as videos, of which the labels' own split has images on both sides."""
    sides: dict[str, set[bool]] = {}
    for image, side in zip(images, validates, strict=True):
        name = image.group or (str(image.path) if image.frame is not None else None)
        if name is not None:
            sides.setdefault(name, set()).add(side)
    both = [name for name, found in sides.items() if len(found) == 2]
    if not both:
        return []
    return [
        f"{len(both)} of {len(sides)} groups (videos, subjects) have images on both sides, "
        f"{both[0]} for example: the scores will be too good. --group or --val makes another split"
    ]


def _frames_by_name(images: Sequence[LabeledImage]) -> list[str]:
    like = [image.path for image in images if _LIKE_A_FRAME.search(image.path.name)]
    if len(like) < 2:
        return []
    return [
        f"{len(like)} images are named like frames of videos, {like[0].name} for example. Frames "
        "of one video on both sides make the scores too good: --group says which belong together"
    ]


def _listed(names: Sequence[str], most: int = 4) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
