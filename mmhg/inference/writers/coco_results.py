"""Write the list of results that COCO's tools and servers take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from mmhg.inference.writers.json_items import JsonItems
from mmhg.inference.writers.keypoint_json import moment
from mmhg.inference.writers.people import ImageRef, KeypointFile, Person, Run


class CocoResults(KeypointFile):
    """People with `image_id`, `category_id`, `keypoints` and `score`, and no more but the frame."""

    def __init__(self, file: TextIO, run: Run) -> None:
        self._file = file
        self._file.write("[")
        self._items = JsonItems(file)

    def add(self, image: ImageRef, people: Sequence[Person]) -> None:
        """Write the people of an image, or of a frame."""
        for person in people:
            keypoints = [number for row in person.rows() for number in row]
            result: dict[str, Any] = dict(
                image_id=image.image_id, category_id=1, keypoints=keypoints, score=person.score
            )
            self._items.add(result | moment(image))

    def end(self, images: Sequence[Mapping[str, Any]]) -> None:
        """End the list."""
        self._file.write("\n]\n")
