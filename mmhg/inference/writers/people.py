"""Say what files of keypoints are written from.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TextIO

import numpy as np

PX_DIGITS, SCORE_DIGITS, SECONDS_DIGITS = 3, 5, 4
"""Decimals in files."""


class Person(NamedTuple):
    """One person of an image.

    Attributes:
        box: (4,) left, top, right, bottom, px.
        keypoints: (K, 2) px.
        scores: (K,).
    """

    box: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray

    def rows(self) -> list[list[float]]:
        """Return x, y and score of each keypoint, rounded to 0.001 px and 0.00001.

        All three are 0 where one is not finite, as COCO has it for what was not found.
        """
        return [
            [round(x, PX_DIGITS), round(y, PX_DIGITS), round(score, SCORE_DIGITS)]
            if np.isfinite((x, y, score)).all()
            else [0.0, 0.0, 0.0]
            for (x, y), score in zip(self.keypoints.tolist(), self.scores.tolist(), strict=True)
        ]

    @property
    def finite(self) -> np.ndarray:
        """Tell which keypoints (K,) have a place and a score."""
        return np.isfinite(self.keypoints).all(axis=1) & np.isfinite(self.scores)

    @property
    def score(self) -> float:
        """Average the keypoints' scores."""
        return round(float(np.nan_to_num(self.scores, posinf=0, neginf=0).mean()), SCORE_DIGITS)

    def box_in(self, width: int, height: int) -> list[float]:
        """Return x, y, width and height of the part of the box that is in the image, px."""
        left, right = np.clip(self.box[[0, 2]], 0, width).tolist()
        top, bottom = np.clip(self.box[[1, 3]], 0, height).tolist()
        return [round(side, PX_DIGITS) for side in (left, top, right - left, bottom - top)]

    def found_in(self, width: int, height: int, threshold: float) -> np.ndarray:
        """Tell which keypoints (K,) are in the image and score at least the threshold."""
        x, y = self.keypoints.T
        inside = (x >= 0) & (y >= 0) & (x <= width) & (y <= height)
        return self.finite & inside & (self.scores >= threshold)


class ImageRef(NamedTuple):
    """An image, or one frame of a video.

    Attributes:
        image_id: Of the image, or the video.
        name: As the source was given.
        frame: Number in a video, from 0.
        time: Seconds from the beginning of a video.
        width: px.
        height: px.
        path: From the folder that all sources lie in, with forward slashes.
    """

    image_id: int
    name: str
    frame: int | None
    time: float | None = None
    width: int = 0
    height: int = 0
    path: str = ""

    @property
    def file_name(self) -> str:
        """Name the picture for labeling tools; of a video they have one per frame."""
        return self.path if self.frame is None else f"{self.path}/frame_{self.frame:06d}.png"


@dataclass(frozen=True, kw_only=True)
class Run:
    """Say what is the same for all people.

    Args:
        names: The keypoints' names.
        links: Pairs of keypoints, from 0, that the skeleton connects.
        colors: (K, 3) RGB, 0 to 255.
        info: On the network, for the reader of a file.
        category: What an object is called.
        threshold: Lowest score of a keypoint that labeling tools get.
        image_url: What precedes the names of images in the addresses that Label Studio opens.
    """

    names: Sequence[str]
    links: Sequence[Sequence[int]] = ()
    colors: Sequence[Sequence[int]] = ()
    info: Mapping[str, Any]
    category: str = "person"
    threshold: float = 0.0
    image_url: str = ""


class KeypointFile(Protocol):
    """A file that people are written to, image by image.

    Args:
        file: To write to.
        run: The keypoints' names, and more.
    """

    def __init__(self, file: TextIO, run: Run) -> None: ...

    def add(self, image: ImageRef, people: Sequence[Person]) -> None:
        """Write the people of an image, or of a frame."""

    def end(self, images: Sequence[Mapping[str, Any]]) -> None:
        """Write what comes last; `images` are the images and videos as in `keypoints.json`."""

    @staticmethod
    def beside(run: Run) -> Mapping[str, str]:
        """Return further files by name."""
        return {}
