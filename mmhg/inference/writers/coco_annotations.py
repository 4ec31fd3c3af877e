"""Write COCO keypoint annotations, as labeling tools import them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from mmhg.inference.writers.json_items import JsonItems
from mmhg.inference.writers.keypoint_json import category
from mmhg.inference.writers.people import PX_DIGITS, ImageRef, KeypointFile, Person, Run

_VISIBLE = 2


class CocoAnnotations(KeypointFile):
    """Keypoints with flags, as a person would have labeled them.

    The flag is 2 where a keypoint was found, that is, it scores at least the threshold and lies in
    the image; elsewhere x, y and flag are 0. Boxes end at the image's border. Each frame of a video
    is an image of its own, `VIDEO/frame_000000.png`: these tools have no other name for it.
    """

    def __init__(self, file: TextIO, run: Run) -> None:
        self._file, self._threshold = file, run.threshold
        self._images_file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see end
        self._images, self._annotations = JsonItems(self._images_file), JsonItems(file)
        info = json.dumps(run.info)
        self._file.write(f'{{\n"info": {info},\n"categories": [{json.dumps(category(run))}]')
        self._file.write(',\n"annotations": [')

    def add(self, image: ImageRef, people: Sequence[Person]) -> None:
        """Write an image and its people."""
        number, size = self._images.count + 1, (image.width, image.height)
        self._images.add(dict(id=number, file_name=image.file_name, width=size[0], height=size[1]))
        for person in people:
            found = person.found_in(*size, self._threshold)
            box = person.box_in(*size)
            flagged = [
                number
                for (x, y, _), is_found in zip(person.rows(), found, strict=True)
                for number in ((x, y, _VISIBLE) if is_found else (0, 0, 0))
            ]
            annotation: dict[str, Any] = dict(
                id=self._annotations.count + 1,
                image_id=number,
                category_id=1,
                bbox=box,
                area=round(box[2] * box[3], PX_DIGITS),
                iscrowd=0,
                num_keypoints=int(found.sum()),
                keypoints=flagged,
                score=person.score,
            )
            self._annotations.add(annotation)

    def end(self, images: Sequence[Mapping[str, Any]]) -> None:
        """Write the images."""
        self._file.write('\n],\n"images": [')
        with self._images_file as listed:
            listed.seek(0)
            shutil.copyfileobj(listed, self._file)
        self._file.write("\n]\n}\n")
