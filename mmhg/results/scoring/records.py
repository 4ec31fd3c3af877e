"""Say what predictions are scored against, and what files of predictions hold.

Shapes: P people (or other objects), K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ImageKey = tuple[str, int | None]
"""An image's name, and the frame of a video."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Truth:
    """The people of a ground truth file, in the file's order and pixels.

    Args:
        kind: `MPII`, `FLIC`, `LSP`, `LSPET`, `COCO`, or the name of a labeling format.
        file: The file, for messages.
        names: The K keypoints' names.
        keypoints: (P, K, 2) px, meaningless where not labeled.
        labeled: (P, K) bool.
        origin: The upper left pixel's number, 1 in files from MATLAB, else 0.
        ids: The person's number in dumped predictions: the annotation's id, or the row from 0.
        images: The person's image; a name is empty where the file has none.
        image_ids: The image's id in COCO's results; empty where the format has none.
        boxes: (P, 4) left, top, right, bottom in px, or None.
        areas: (P,) square px, NaN unknown; None where the format has none.
        sizes: (P,) px by name: `head`, `torso`.
        pixel_sizes: (P,) units per px where the file states them, or None.
        sides: The meaning of left and right.
        listed: Name, frame and id of all images, those without labels included.
        content: The file in COCO's format, for AP, or None.
        notes: What a reader of the scores must know.
    """

    kind: str
    file: str
    names: Sequence[str]
    keypoints: np.ndarray
    labeled: np.ndarray
    origin: int = 0
    ids: Sequence[int]
    images: Sequence[ImageKey]
    image_ids: Sequence[int] = ()
    boxes: np.ndarray | None = None
    areas: np.ndarray | None = None
    sizes: Mapping[str, np.ndarray] = field(default_factory=dict)
    pixel_sizes: np.ndarray | None = None
    sides: str = "unnamed"
    listed: Sequence[tuple[str, int | None, int]] = ()
    content: dict[str, Any] | None = None
    notes: Sequence[str] = ()

    def name_of(self, person: int) -> str:
        """Name a person, for messages."""
        image, frame = self.images[person]
        where = "" if frame is None else f" frame {frame}"
        return f"{image}{where}, id {self.ids[person]}" if image else f"person {self.ids[person]}"


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundPerson:
    """One person of a file of predictions, in 0-based px.

    Args:
        keypoints: (K, 2) px, NaN where the file has none.
        confidences: (K,), or None.
        id: The number of the person in the ground truth, or None.
        image: The image's name and frame, or None.
        image_id: The image's id, or None.
        score: Of the whole person, or None.
        category: COCO's category_id, or None.
    """

    keypoints: np.ndarray
    confidences: np.ndarray | None = None
    id: int | None = None
    image: ImageKey | None = None
    image_id: int | None = None
    score: float | None = None
    category: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundPeople:
    """The people of a file that says of each which image or annotation it belongs to.

    Args:
        people: In the file's order.
        names: The keypoints' names, or None where the file does not have them.
        images: Images that were looked at though nobody was found, where the file lists them.
        scales: Scales of multi-scale testing, in the words of `mmhg.config.describe_scales`.
        labels: Whether these are labels, of a second person perhaps, and no predictions.
    """

    people: Sequence[FoundPerson]
    names: Sequence[str] | None = None
    images: Sequence[ImageKey] = ()
    scales: str = ""
    labels: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundArray:
    """The people of a file that has one row per person of the ground truth.

    Args:
        stored: Three axes, of which one is the people.
        variable: Its name in the file.
    """

    stored: np.ndarray
    variable: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Predicted:
    """The predictions of a file, in the order, the keypoints and the pixels of a `Truth`.

    Args:
        keypoints: (P, K, 2) px, NaN where nothing was predicted.
        covered: (K,) bool: the keypoints that the file has.
        looked_at: (P,) bool: whether the file has anything in the person's image.
        confidences: (P, K), NaN unknown; None if the file has none.
        detections: All people of the file as COCO's results, in 0-based px, where the ground truth
            has ids of images.
        scales: Scales of multi-scale testing.
        labels: Whether these are labels.
        notes: What a reader of the scores must know.
        doubts: What is probably wrong with the file.
    """

    keypoints: np.ndarray
    covered: np.ndarray
    looked_at: np.ndarray
    confidences: np.ndarray | None = None
    detections: Sequence[dict[str, Any]] = ()
    scales: str = ""
    labels: bool = False
    notes: Sequence[str] = ()
    doubts: Sequence[str] = ()
