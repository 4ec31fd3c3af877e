"""Write predictions that Label Studio imports, to be corrected there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from mmhg.inference.writers.json_items import JsonItems
from mmhg.inference.writers.people import SCORE_DIGITS, ImageRef, KeypointFile, Person, Run

LOCAL_FILES = "/data/local-files/?d="
"""Say where Label Studio serves the files of its LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""

_IMAGE, _BOXES, _KEYPOINTS = "image", "boxes", "keypoints"
_DOT = 0.5
"""Diameter of a keypoint, % of the image's width."""

_PERCENT_DIGITS = 6
"""1e-8 of a side, far below 0.001 px."""


class LabelStudioTasks(KeypointFile):
    """A task per image, with a prediction that has a rectangle and the keypoints of each person.

    Coordinates are % of the image's sides: `x / 100 * original_width` is 0-based px. Keypoints that
    score below the threshold, or lie outside of the image, are left out; boxes end at the border.
    A person's keypoints name its rectangle as `parentID`. The labeling interface is in
    `label_studio.xml`.
    """

    def __init__(self, file: TextIO, run: Run) -> None:
        self._file, self._run = file, run
        self._version = " ".join(map(str, run.info.get("model", ["mmhg"])))
        self._file.write("[")
        self._items = JsonItems(file)

    def add(self, image: ImageRef, people: Sequence[Person]) -> None:
        """Write the task of an image, or of a frame."""
        number = self._items.count + 1
        regions = [
            region
            for index, person in enumerate(people, start=1)
            for region in self._regions(image, person, f"i{number}p{index}")
        ]
        score = sum(person.score for person in people) / max(len(people), 1)
        prediction = dict(
            model_version=self._version, score=round(score, SCORE_DIGITS), result=regions
        )
        url = (self._run.image_url or LOCAL_FILES) + quote(image.file_name)
        self._items.add(dict(data={_IMAGE: url}, predictions=[prediction]))

    def end(self, images: Sequence[Mapping[str, Any]]) -> None:
        """End the list."""
        self._file.write("\n]\n")

    @staticmethod
    def beside(run: Run) -> Mapping[str, str]:
        """Return the labeling interface."""
        return {"label_studio.xml": labeling_interface(run)}

    def _regions(self, image: ImageRef, person: Person, name: str) -> list[dict[str, Any]]:
        """Return the rectangle of a person, and the keypoints that were found."""
        sides = image.width, image.height
        x, y, width, height = (
            _percent(side, sides[axis % 2]) for axis, side in enumerate(person.box_in(*sides))
        )
        shared = dict(
            to_name=_IMAGE, original_width=sides[0], original_height=sides[1], image_rotation=0
        )
        box = dict(
            x=x, y=y, width=width, height=height, rotation=0, rectanglelabels=[self._run.category]
        )
        regions = [
            dict(
                **shared,
                id=name,
                type="rectanglelabels",
                from_name=_BOXES,
                value=box | dict(rectanglelabels=[self._run.category]),
                score=person.score,
            )
        ]
        for joint in person.found_in(*sides, self._run.threshold).nonzero()[0].tolist():
            place = zip("xy", person.keypoints[joint].tolist(), sides, strict=True)
            value: dict[str, Any] = {axis: _percent(px, side) for axis, px, side in place}
            regions.append(
                dict(
                    **shared,
                    id=f"{name}k{joint + 1}",
                    parentID=name,
                    type="keypointlabels",
                    from_name=_KEYPOINTS,
                    value=value | dict(width=_DOT, keypointlabels=[self._run.names[joint]]),
                    score=round(float(person.scores[joint]), SCORE_DIGITS),
                )
            )
        return regions


def labeling_interface(run: Run) -> str:
    """Return the interface, in Label Studio's XML, that the predictions fit."""
    colors = ["#{:02x}{:02x}{:02x}".format(*color) for color in run.colors]
    labels = "\n".join(
        f"    <Label value={quoteattr(name)} background={quoteattr(color)}/>"
        for name, color in zip(run.names, colors, strict=True)
    )
    return f"""<View>
  <Image name="{_IMAGE}" value="${_IMAGE}"/>
  <RectangleLabels name="{_BOXES}" toName="{_IMAGE}">
    <Label value={quoteattr(run.category)}/>
  </RectangleLabels>
  <KeyPointLabels name="{_KEYPOINTS}" toName="{_IMAGE}">
{labels}
  </KeyPointLabels>
</View>
"""


def _percent(px: float, side: int) -> float:
    return round(100 * px / side, _PERCENT_DIGITS)
