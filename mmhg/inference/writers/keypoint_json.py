"""Write `keypoints.json`: all that is known, in COCO's form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from mmhg.inference.writers.json_items import JsonItems
from mmhg.inference.writers.people import (
    PX_DIGITS,
    SECONDS_DIGITS,
    ImageRef,
    KeypointFile,
    Person,
    Run,
)


class KeypointJson(KeypointFile):
    """COCO's format: `categories`, `annotations` and `images`.

    Keypoints are x, y, score of each in turn, as in COCO's results (COCO's annotations have a flag
    in place of the score). People of a video have its `frame`, and its `time` in s, as well.
    """

    def __init__(self, file: TextIO, run: Run) -> None:
        head = f'"info": {json.dumps(run.info)},\n"categories": [{json.dumps(category(run))}]'
        self._file = file
        self._file.write(f'{{\n{head},\n"annotations": [')
        self._items = JsonItems(file)

    def add(self, image: ImageRef, people: Sequence[Person]) -> None:
        """Write people, with the frame and its time in a video."""
        for person in people:
            rows = person.rows()
            left, top, right, bottom = person.box.tolist()
            box = [round(side, PX_DIGITS) for side in (left, top, right - left, bottom - top)]
            entry: dict[str, Any] = dict(
                id=self._items.count + 1,
                image_id=image.image_id,
                category_id=1,
                bbox=box,
                area=round(box[2] * box[3], PX_DIGITS),
                iscrowd=0,
                num_keypoints=len(rows),
                keypoints=[number for row in rows for number in row],
                score=person.score,
            )
            self._items.add(entry | moment(image))

    def end(self, images: Sequence[Mapping[str, Any]]) -> None:
        """Write the list of images (`id`, `file_name`, `width`, `height`, ...) and end the file."""
        listed = ",\n".join(json.dumps(image) for image in images)
        self._file.write(f'\n],\n"images": [\n{listed}\n]\n}}\n')


def category(run: Run) -> dict[str, Any]:
    """Return COCO's category of the objects."""
    skeleton = [[start + 1, end + 1] for start, end in run.links]
    return dict(id=1, name=run.category, keypoints=list(run.names), skeleton=skeleton)


def moment(image: ImageRef) -> dict[str, Any]:
    """Return `frame`, and `time` in s, of a video's frame."""
    known: dict[str, Any] = {}
    if image.frame is not None:
        known["frame"] = image.frame
    if image.time is not None:
        known["time"] = round(image.time, SECONDS_DIGITS)
    return known
