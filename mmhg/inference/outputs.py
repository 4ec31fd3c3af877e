"""What inference writes: pictures and videos with skeletons, and files of keypoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.inference.records import KeypointCsv, KeypointJson, Person, Picture
from mmhg.inference.sources import Frame, ImageFile, Source
from mmhg.visualization import draw_people

_JPEG_SUFFIXES = (".jpg", ".jpeg")


class VideoFile:
    """A video in writing; it is there once it is closed.

    Args:
        path: To write, `.mp4`.
        rate: Frames a second.
        size: Height and width in px.
    """

    def __init__(self, path: Path, rate: float, size: Sequence[int]) -> None:
        self.path = path
        self._partial = path.with_name(f".{path.stem}.partial{path.suffix}")
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self._partial), code, rate, (size[1], size[0]))
        if not self._writer.isOpened():
            raise InputError(f"cannot write video {path}: OpenCV cannot encode it, or no space")

    def add(self, image: np.ndarray) -> None:
        """Write a frame."""
        self._writer.write(image)

    def close(self) -> None:
        """Put the file in its place."""
        self._writer.release()
        self._partial.replace(self.path)


class Outputs:
    """The files of a run, in one folder; pictures and videos are named as what they are from.

    `keypoints.json` always; `keypoints.csv` on request. To be used in a `with` block, at whose end
    the files are put in their places; if nothing came, or an error, there are none of keypoints.

    Args:
        folder: Made if need be.
        dataset_meta: The keypoints' names, skeleton and colours, as MMPose has them.
        info: Said at the beginning of the JSON file.
        threshold: Lowest score of a keypoint that is drawn.
        pictures: Whether to write pictures and videos.
        csv: Whether to write `keypoints.csv`.

    Raises:
        InputError: The folder cannot be written to.
    """

    def __init__(
        self,
        folder: Path,
        dataset_meta: Mapping[str, Any],
        info: Mapping[str, Any],
        *,
        threshold: float,
        pictures: bool = True,
        csv: bool = False,
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make folder {folder}: {error.strerror}") from error
        self.folder = folder
        self._meta = dict(dataset_meta)
        self._threshold = threshold
        self._pictures = pictures
        names = [dataset_meta["keypoint_id2name"][k] for k in range(dataset_meta["num_keypoints"])]
        links = [[int(end) for end in link] for link in dataset_meta["skeleton_links"]]
        self._json = KeypointJson(folder / "keypoints.json", names, links, info)
        self._csv = KeypointCsv(folder / "keypoints.csv", names) if csv else None
        self._source: Source | None = None
        self._video: VideoFile | None = None
        self._images: list[dict[str, Any]] = []
        self._taken: set[str] = set()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._end_source()
        keep = bool(self._images) and kind in (None, KeyboardInterrupt)
        if keep:
            self._json.finish(self._images)
        for table in filter(None, (self._json, self._csv)):
            table.close(keep)
        if not keep:
            with suppress(OSError):  # not empty
                self.folder.rmdir()

    def add(self, frame: Frame, people: Sequence[Person]) -> None:
        """Write a picture's people, and the picture with their skeletons."""
        if frame.source is not self._source:
            self._end_source()
            self._begin_source(frame)
        image = self._images[-1]
        if frame.index is not None:
            image["frames"] = frame.index + 1
        picture = Picture(image["id"], image["file_name"], frame.index)
        for person in people:
            self._json.add(picture, person)
            if self._csv:
                self._csv.add(picture, person)
        if self._pictures:
            self._draw(frame, people)

    def _begin_source(self, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        source = frame.source
        self._source = source
        self._images.append(
            dict(id=len(self._images) + 1, file_name=source.name, width=width, height=height)
        )
        if source.rate is not None:
            self._images[-1]["fps"] = source.rate
            if self._pictures:
                path = self.folder / self._free_name(source)
                self._video = VideoFile(path, source.rate, (height, width))

    def _end_source(self) -> None:
        if self._video is not None:
            self._video.close()
            self._video = None

    def _draw(self, frame: Frame, people: Sequence[Person]) -> None:
        image = frame.image.copy()
        if people:
            keypoints = np.stack([person.keypoints for person in people])
            drawn = np.stack([person.scores >= self._threshold for person in people])
            draw_people(image, keypoints, drawn, self._meta)
        if self._video is not None:
            self._video.add(image)
            return
        path = self.folder / self._free_name(frame.source)
        if not cv2.imwrite(str(path), image):
            raise InputError(f"cannot write picture {path}; is there space, and the right to?")

    def _free_name(self, source: Source) -> str:
        """A name for the picture or video of a source, which no other has."""
        path = Path(source.name)
        suffix = ".mp4"
        if isinstance(source, ImageFile):
            suffix = path.suffix if path.suffix.lower() in _JPEG_SUFFIXES else ".png"
        name, number = f"{path.stem}{suffix}", 1
        while name in self._taken:
            number += 1
            name = f"{path.stem}_{number}{suffix}"
        self._taken.add(name)
        return name
