"""Write files of predictions person by person, so that memory does not grow with them.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TextIO

import numpy as np

_PX_DIGITS, _SCORE_DIGITS = 3, 5


class Person(NamedTuple):
    """One person of a picture.

    Attributes:
        box: (4,) left, top, right, bottom, px.
        keypoints: (K, 2) px.
        scores: (K,).
    """

    box: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray

    def rows(self) -> list[list[float]]:
        """Return x, y and score of each keypoint, rounded to what they are good for."""
        return [
            [round(x, _PX_DIGITS), round(y, _PX_DIGITS), round(score, _SCORE_DIGITS)]
            for (x, y), score in zip(self.keypoints.tolist(), self.scores.tolist(), strict=True)
        ]

    @property
    def score(self) -> float:
        """The mean of the keypoints' scores."""
        return round(float(self.scores.mean()), _SCORE_DIGITS)


class Picture(NamedTuple):
    """An image, by its name as given, or a frame of a video, from 0."""

    image_id: int
    name: str
    frame: int | None


class KeypointJson:
    """COCO's format: `categories`, `annotations` and `images`.

    Keypoints are x, y, score of each in turn, as in COCO's results (COCO's annotations have a flag
    in place of the score). People of a video have its `frame` as well.

    Args:
        file: To write to.
        names: Of the keypoints.
        links: Pairs of keypoints, from 0.
        info: Said at the beginning.
    """

    def __init__(
        self,
        file: TextIO,
        names: Sequence[str],
        links: Sequence[Sequence[int]],
        info: Mapping[str, Any],
    ) -> None:
        person = dict(
            id=1,
            name="person",
            keypoints=list(names),
            skeleton=[[start + 1, end + 1] for start, end in links],
        )
        head = f'"info": {json.dumps(info)},\n"categories": [{json.dumps(person)}]'
        self._file = file
        self._file.write(f'{{\n{head},\n"annotations": [')
        self._count = 0

    def add(self, picture: Picture, person: Person) -> None:
        """Write a person."""
        rows = person.rows()
        left, top, right, bottom = person.box.tolist()
        box = [round(side, _PX_DIGITS) for side in (left, top, right - left, bottom - top)]
        self._count += 1
        entry: dict[str, Any] = dict(
            id=self._count,
            image_id=picture.image_id,
            category_id=1,
            bbox=box,
            area=round(box[2] * box[3], _PX_DIGITS),
            iscrowd=0,
            num_keypoints=len(rows),
            keypoints=[number for row in rows for number in row],
            score=person.score,
        )
        if picture.frame is not None:
            entry["frame"] = picture.frame
        self._file.write(f"{',' if self._count > 1 else ''}\n{json.dumps(entry)}")

    def finish(self, images: Sequence[Mapping[str, Any]]) -> None:
        """Write what is known of the images: `id`, `file_name`, `width`, `height`, ..."""
        listed = ",\n".join(json.dumps(image) for image in images)
        self._file.write(f'\n],\n"images": [\n{listed}\n]\n}}\n')


class KeypointCsv:
    """One line per person: image, frame, box, mean score, then x, y and score of each keypoint."""

    def __init__(self, file: TextIO, names: Sequence[str]) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        fields = [f"{name}_{field}" for name in names for field in ("x", "y", "score")]
        self._writer.writerow(
            ["image", "frame", "left", "top", "right", "bottom", "score", *fields]
        )

    def add(self, picture: Picture, person: Person) -> None:
        """Write a person."""
        box = [round(side, _PX_DIGITS) for side in person.box.tolist()]
        numbers = [number for row in person.rows() for number in row]
        frame = "" if picture.frame is None else picture.frame
        self._writer.writerow([picture.name, frame, *box, person.score, *numbers])
