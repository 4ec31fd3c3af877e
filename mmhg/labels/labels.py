"""Labeled images, whatever tool they come from.

Pixels are 0-based. Tools differ in whether the middle of the upper left pixel is 0 or 0.5; nobody
can tell from a file, so a file's numbers are taken as they are.

Shape shorthand in this package: K keypoints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmhg.errors import InputError

MOST_KEYPOINTS = 1000
"""Of an object. The largest set that people label, of a whole body with face and hands, has 133."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LabeledObject:
    """One animal, person or thing.

    Args:
        keypoints: (K, 2) px, NaN where not labeled.
        hidden: (K,) bool, True where labeled though covered by something.
        box: (4,) left, top, right, bottom in px; None if the tool has none.
        area: px², of a mask; None if unknown.
        id: What the file calls it, for messages.
    """

    keypoints: np.ndarray
    hidden: np.ndarray
    box: np.ndarray | None = None
    area: float | None = None
    id: str = ""

    @property
    def labeled(self) -> np.ndarray:
        """Tell which keypoints (K,) have a label."""
        return np.isfinite(self.keypoints).all(axis=1)


@dataclass(frozen=True, eq=False, kw_only=True)
class LabeledImage:
    """One image, or one frame of a video.

    Args:
        path: The picture, or the video.
        width: px, as the picture's file has it, turned upright.
        height: px.
        objects: May be empty.
        frame: The frame of the video, from 0; None for a picture.
        group: What must not be split, a video or a subject; None where the tool tells none.
        split: `"train"` or `"val"` where the files say so, else None.
    """

    path: Path
    width: int
    height: int
    objects: Sequence[LabeledObject]
    frame: int | None = None
    group: str | None = None
    split: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Labels:
    """All that was read.

    Args:
        format: One of `FORMATS`.
        keypoints: The keypoints' names.
        images: In the file's order.
        root: A folder that all pictures lie in.
        category: What an object is called.
        skeleton: Pairs of indices into `keypoints`; empty where the tool has none.
        flip_pairs: Pairs of indices that change places in a mirrored image, where the files state
            them; None where they do not.
        notes: What was left out or taken for granted, one sentence each.
    """

    format: str
    keypoints: Sequence[str]
    images: Sequence[LabeledImage]
    root: Path
    category: str = "object"
    skeleton: Sequence[tuple[int, int]] = ()
    flip_pairs: Sequence[tuple[int, int]] | None = None
    notes: list[str] = field(default_factory=list)


def check_names(file: Path, names: Sequence[str]) -> None:
    """Refuse keypoints that no network can be trained on.

    Raises:
        InputError: There are none or too many, or two are called alike; names the file.
    """
    if not 0 < len(names) <= MOST_KEYPOINTS:
        raise InputError(
            f"{file} has {len(names):,} kinds of keypoints; from 1 to {MOST_KEYPOINTS:,} are read"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{file} has two kinds of keypoints that are called {twice[0]!r}")
