"""The record of one annotated person, for all annotation files.

Pixels are 1-based in all of these files, which come from MATLAB, and in the record, so that
conversion and scores use exactly the file's numbers. Datasets convert to 0-based pixels by
`to_zero_based`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

PIXELS_PER_SCALE = 200.0
"""MPII's scale is a person's height over 200 px."""

CENTER_SHIFT = 15.0
"""Pixels per scale by which the center is lowered so that the crop keeps the feet (as in the
authors' `pose-hg-train`)."""

HEAD_SIZE_PER_DIAGONAL = 0.6
"""Head size / diagonal of the head box (`util_get_head_size`)."""


Key = tuple[int | None, int | None]
"""A person of MPII: the image's index in `annolist`, and the person's in `annorect`, from 1."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AnnotatedPerson:
    """One person as a file has it, in 1-based pixels.

    Args:
        image: File name, empty where the file names no images.
        keypoints: (K, 2) px, meaningless where not annotated.
        annotated: (K,) bool.
        visible: (K,) 1 visible, 0 occluded, NaN unknown.
        center: (2,) px, MPII's rough position, not lowered yet; None if unknown.
        scale: Height over 200 px, NaN unknown.
        box: (4,) x1, y1, x2, y2 in px; None if unknown.
        head_box: (4,) x1, y1, x2, y2 in px, or None.
        stated_head_size: px, from files that have it without the box; NaN unknown.
        torso_size: px, NaN unknown.
        annolist_index: MATLAB's i of MPII's `annolist(i).annorect(r)`, from 1, or None.
        person_index: Its r, from 1, or None.
        single_person: True if MPII counts the person as sufficiently apart from others, or None.
        activity: MPII's `category`, `name` and `id`, or None.
    """

    image: str
    keypoints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    center: np.ndarray | None = None
    scale: float = np.nan
    box: np.ndarray | None = None
    head_box: np.ndarray | None = None
    stated_head_size: float = np.nan
    torso_size: float = np.nan
    annolist_index: int | None = None
    person_index: int | None = None
    single_person: bool | None = None
    activity: Mapping[str, Any] | None = None

    @property
    def key(self) -> Key:
        """Return MATLAB's i and r of `annolist(i).annorect(r)`."""
        return self.annolist_index, self.person_index

    @property
    def has_crop(self) -> bool:
        """Tell if center and scale are known (MMPose's files may have -1)."""
        return self.center is not None and self.scale > 0 and not bool((self.center == -1).all())

    @property
    def head_size(self) -> float:
        """Return the head size in px, of the head box if there is one; NaN if unknown."""
        if self.head_box is None:
            return self.stated_head_size
        return float(head_sizes_from_boxes(self.head_box[None])[0])


def head_sizes_from_boxes(head_boxes: np.ndarray) -> np.ndarray:
    """Compute head sizes (P,) in px of head boxes (P, 4), each x1, y1, x2, y2 in px."""
    boxes = np.asarray(head_boxes, dtype=np.float64)
    return HEAD_SIZE_PER_DIAGONAL * np.linalg.norm(boxes[:, 2:] - boxes[:, :2], axis=1)


def to_zero_based(points: np.ndarray) -> np.ndarray:
    """Convert the files' 1-based pixels into the 0-based pixels of everything else."""
    return points - 1.0
