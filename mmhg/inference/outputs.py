"""Write what inference finds: pictures and videos with skeletons, and files of keypoints.

Keypoints are written person by person, so that memory does not grow with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np

from mmhg.config.category import PERSON
from mmhg.errors import InputError
from mmhg.inference.sources import Frame, ImageFile, Source
from mmhg.inference.video_file import WriteFrame, video_file
from mmhg.inference.writers import WRITERS, KeypointFile, Run
from mmhg.inference.writers.people import ImageRef, Person
from mmhg.pictures import displayable
from mmhg.utils.files import replacing
from mmhg.visualization import draw_people

_JPEG_SUFFIXES = (".jpg", ".jpeg")
_LONGEST_JPEG = 65_500
"""Px. OpenCV writes no larger JPEG."""

_LONGEST_PNG = 1_000_000
"""Px, of libpng."""


class Outputs:
    """The files of a run, in one folder. Pictures and videos are named as their sources.

    Writes `keypoints.json`, and what else is asked for. Use it in a `with` block: the files of
    keypoints appear at its end, unless there was an error or nothing to write.

    Args:
        folder: Made, if it is missing, when the first image comes.
        dataset_meta: The keypoints' names, skeleton and colors, as MMPose has them.
        info: Written at the beginning of the JSON file.
        threshold: Lowest score of a keypoint that is drawn, and that labeling tools get.
        pictures: Write pictures and videos.
        write: Further files of keypoints, from `mmhg.inference.writers.WRITERS`.
        category: What an object is called.
        root: Labeling tools get names of images from this folder on; None takes names as given.
        image_ids: Ids of images by name; others count from 1.
        image_url: What Label Studio finds before these names; empty for its local files.
    """

    def __init__(
        self,
        folder: Path,
        dataset_meta: Mapping[str, Any],
        info: Mapping[str, Any],
        *,
        threshold: float,
        pictures: bool = True,
        write: Iterable[str] = (),
        category: str = PERSON,
        root: Path | None = None,
        image_ids: Mapping[str, int] | None = None,
        image_url: str = "",
    ) -> None:
        self.folder = folder
        meta = self._meta = dict(dataset_meta)
        self._run = Run(
            names=[meta["keypoint_id2name"][k] for k in range(meta["num_keypoints"])],
            links=[[int(end) for end in link] for link in meta["skeleton_links"]],
            colors=[[int(value) for value in color] for color in meta["keypoint_colors"]],
            info=info,
            category=category,
            threshold=threshold,
            image_url=image_url,
        )
        self._pictures = pictures
        self._kinds = list(dict.fromkeys(["json", *write]))
        self._root = root
        self._image_ids = image_ids or {}
        self._files, self._of_source = ExitStack(), ExitStack()
        self._writers: list[KeypointFile] = []
        self._source: Source | None = None
        self._write_frame: WriteFrame | None = None
        self._images: list[dict[str, Any]] = []
        self._taken: set[str] = set()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        self._of_source.close()  # a video of the frames that came
        if kind in (None, KeyboardInterrupt):
            for writer in self._writers:
                writer.end(self._images)
            self._files.close()
        else:
            self._files.__exit__(kind, *error)

    def add(self, frame: Frame, people: Sequence[Person]) -> None:
        """Write an image's people, and the picture with their skeletons.

        Raises:
            InputError: The folder cannot be written to.
        """
        if not self._writers:
            self._begin()
        if frame.source is not self._source:
            self._of_source.close()
            self._begin_source(frame)
        image = self._images[-1]
        if frame.index is not None:
            image["frames"] = frame.index + 1
        name = image["file_name"]
        reference = ImageRef(
            image_id=image["id"],
            name=name,
            frame=frame.index,
            time=frame.time,
            width=frame.image.shape[1],
            height=frame.image.shape[0],
            path=name_below(self._root, name),
        )
        for writer in self._writers:
            writer.add(reference, people)
        if self._pictures:
            self._draw(frame, people)

    def _begin(self) -> None:
        """Make the folder and the files of keypoints."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind in self._kinds:
            name, writer = WRITERS[kind]
            self._writers.append(writer(self._open(name), self._run))
            for beside, text in writer.beside(self._run).items():
                self._open(beside).write(text)

    def _open(self, name: str) -> TextIO:
        partial = self._files.enter_context(replacing(self.folder / name))
        return self._files.enter_context(partial.open("w", newline="", encoding="utf-8"))

    def _begin_source(self, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        source = frame.source
        self._source = source
        self._write_frame = None
        number = self._image_ids.get(source.name, len(self._images) + 1)
        self._images.append(dict(id=number, file_name=source.name, width=width, height=height))
        if source.rate is not None:
            self._images[-1]["fps"] = source.rate

    def _draw(self, frame: Frame, people: Sequence[Person]) -> None:
        image = displayable(frame.image).copy()
        if people:
            keypoints = np.stack([person.keypoints for person in people])
            drawn = np.stack([person.scores >= self._run.threshold for person in people])
            draw_people(image, keypoints, drawn, self._meta)
        if frame.source.rate is not None:
            self._film(frame, image, frame.source.rate)
            return
        path = self._free_path(frame)
        with replacing(path) as partial:
            if not cv2.imwrite(str(partial), image):
                if max(image.shape[:2]) > _LONGEST_PNG:
                    raise cv2.error(f"OpenCV writes no picture of such a side: {path}")
                raise InputError(f"cannot write picture {path}. Check space and permissions")

    def _film(self, frame: Frame, image: np.ndarray, rate: float) -> None:
        """Write a frame to its source's video, which its first frame begins."""
        if frame.index == 0:
            video = video_file(self._free_path(frame), rate, image.shape[:2])
            self._write_frame = self._of_source.enter_context(video)
        if self._write_frame is not None:
            seconds = (frame.index or 0) / rate if frame.time is None else frame.time
            self._write_frame(image, seconds)

    def _free_path(self, frame: Frame) -> Path:
        """Choose a new name for the picture or video of a source, whose first frame is given."""
        path = Path(frame.source.name)
        suffix = ".mp4"
        if isinstance(frame.source, ImageFile):
            is_jpeg = path.suffix.lower() in _JPEG_SUFFIXES
            fits = max(frame.image.shape[:2]) <= _LONGEST_JPEG
            suffix = path.suffix if is_jpeg and fits else ".png"
        name, number = f"{path.stem}{suffix}", 1
        while name in self._taken:
            number += 1
            name = f"{path.stem}_{number}{suffix}"
        self._taken.add(name)
        return self.folder / name


def common_folder(sources: Iterable[Source]) -> Path | None:
    """Return the innermost folder that all files among the sources lie in; None if there is none.

    Links are not followed.
    """
    folders = {Path(source.name).absolute().parent for source in sources if _is_file(source)}
    try:
        return Path(os.path.commonpath(folders)) if folders else None
    except ValueError:  # on several drives
        return None


def _is_file(source: Source) -> bool:
    return Path(source.name).exists()


def name_below(folder: Path | None, name: str) -> str:
    """Return the path of a file from a folder on, with forward slashes; else the name as it is."""
    path = Path(name)
    if folder is not None and path.absolute().is_relative_to(folder):
        path = path.absolute().relative_to(folder)
    return path.as_posix()


def refuse_to_replace(sources: Iterable[Source], folder: Path) -> None:
    """Raise InputError where pictures in `folder` would replace the images they are made from."""
    for source in sources:
        if Path(source.name).resolve().parent == folder.resolve():
            raise InputError(
                f"the output folder {folder} is the folder of {source.name}, which its picture "
                "would replace. Name another"
            )
