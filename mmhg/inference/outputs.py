"""Write what inference finds: pictures and videos with skeletons, and files of keypoints.

Keypoints are written person by person, so that memory does not grow with them.

Shape shorthand in this module: K keypoints.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import cv2
import numpy as np

from mmhg.errors import InputError
from mmhg.inference.sources import Frame, ImageFile, Source
from mmhg.pictures import displayable
from mmhg.utils.files import replacing
from mmhg.visualization import draw_people

_JPEG_SUFFIXES = (".jpg", ".jpeg")
_LONGEST_JPEG = 65_500
"""Px. OpenCV writes no larger JPEG."""

_LONGEST_PNG, _LONGEST_MP4 = 1_000_000, 8_191
"""Px, of libpng and of MPEG-4."""

_PX_DIGITS, _SCORE_DIGITS, _SECONDS_DIGITS = 3, 5, 4
_LONGEST_PAUSE = 10.0
"""Seconds that a frame is shown at most, in case that a video's times are damaged."""

WriteFrame = Callable[[np.ndarray, float], None]
"""Takes the next frame of a video, and the second at which it is shown."""


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
        """Return x, y and score of each keypoint, rounded to 0.001 px and 0.00001."""
        return [
            [round(x, _PX_DIGITS), round(y, _PX_DIGITS), round(score, _SCORE_DIGITS)]
            for (x, y), score in zip(self.keypoints.tolist(), self.scores.tolist(), strict=True)
        ]

    @property
    def score(self) -> float:
        """Average the keypoints' scores."""
        return round(float(self.scores.mean()), _SCORE_DIGITS)


class ImageRef(NamedTuple):
    """An image, by its id and its name as given, and in a video the frame's number and time.

    Attributes:
        image_id: From 1.
        name: As the source was given.
        frame: Number in a video, from 0.
        time: Seconds from the beginning of a video.
    """

    image_id: int
    name: str
    frame: int | None
    time: float | None = None


class KeypointJson:
    """COCO's format: `categories`, `annotations` and `images`.

    Keypoints are x, y, score of each in turn, as in COCO's results (COCO's annotations have a flag
    in place of the score). People of a video have its `frame`, and its `time` in s, as well.

    Args:
        file: To write to.
        names: The keypoints' names.
        links: Pairs of keypoints, from 0.
        info: Written at the beginning.
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

    def add(self, image: ImageRef, person: Person) -> None:
        """Write a person, with the frame and its time in a video."""
        rows = person.rows()
        left, top, right, bottom = person.box.tolist()
        box = [round(side, _PX_DIGITS) for side in (left, top, right - left, bottom - top)]
        self._count += 1
        entry: dict[str, Any] = dict(
            id=self._count,
            image_id=image.image_id,
            category_id=1,
            bbox=box,
            area=round(box[2] * box[3], _PX_DIGITS),
            iscrowd=0,
            num_keypoints=len(rows),
            keypoints=[number for row in rows for number in row],
            score=person.score,
        )
        if image.frame is not None:
            entry["frame"] = image.frame
        if image.time is not None:
            entry["time"] = round(image.time, _SECONDS_DIGITS)
        self._file.write(f"{',' if self._count > 1 else ''}\n{json.dumps(entry)}")

    def write_images(self, images: Sequence[Mapping[str, Any]]) -> None:
        """Write the list of images (`id`, `file_name`, `width`, `height`, ...) and end the file."""
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

    def add(self, image: ImageRef, person: Person) -> None:
        """Write a person."""
        box = [round(side, _PX_DIGITS) for side in person.box.tolist()]
        numbers = [number for row in person.rows() for number in row]
        frame = "" if image.frame is None else image.frame
        self._writer.writerow([image.name, frame, *box, person.score, *numbers])


class Outputs:
    """The files of a run, in one folder. Pictures and videos are named as their sources.

    Writes `keypoints.json`, and on request `keypoints.csv`. Use it in a `with` block: the files of
    keypoints appear at its end, unless there was an error or nothing to write.

    Args:
        folder: Made, if it is missing, when the first image comes.
        dataset_meta: The keypoints' names, skeleton and colors, as MMPose has them.
        info: Written at the beginning of the JSON file.
        threshold: Lowest score of a keypoint that is drawn.
        pictures: Write pictures and videos.
        csv: Write `keypoints.csv`.
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
        self.folder = folder
        self._meta = dict(dataset_meta)
        self._info = info
        self._threshold = threshold
        self._pictures = pictures
        self._wants_csv = csv
        self._files, self._of_source = ExitStack(), ExitStack()
        self._json: KeypointJson | None = None
        self._csv: KeypointCsv | None = None
        self._source: Source | None = None
        self._write_frame: WriteFrame | None = None
        self._images: list[dict[str, Any]] = []
        self._taken: set[str] = set()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        self._of_source.close()  # a video of the frames that came
        if kind in (None, KeyboardInterrupt):
            if self._json is not None:
                self._json.write_images(self._images)
            self._files.close()
        else:
            self._files.__exit__(kind, *error)

    def add(self, frame: Frame, people: Sequence[Person]) -> None:
        """Write an image's people, and the picture with their skeletons.

        Raises:
            InputError: The folder cannot be written to.
        """
        if self._json is None:
            self._json = self._begin()
        if frame.source is not self._source:
            self._of_source.close()
            self._begin_source(frame)
        image = self._images[-1]
        if frame.index is not None:
            image["frames"] = frame.index + 1
        reference = ImageRef(image["id"], image["file_name"], frame.index, frame.time)
        for person in people:
            self._json.add(reference, person)
            if self._csv:
                self._csv.add(reference, person)
        if self._pictures:
            self._draw(frame, people)

    def _begin(self) -> KeypointJson:
        """Make the folder and the files of keypoints."""
        self.folder.mkdir(parents=True, exist_ok=True)
        meta = self._meta
        names = [meta["keypoint_id2name"][k] for k in range(meta["num_keypoints"])]
        links = [[int(end) for end in link] for link in meta["skeleton_links"]]
        if self._wants_csv:
            self._csv = KeypointCsv(self._open("keypoints.csv"), names)
        return KeypointJson(self._open("keypoints.json"), names, links, self._info)

    def _open(self, name: str) -> TextIO:
        partial = self._files.enter_context(replacing(self.folder / name))
        return self._files.enter_context(partial.open("w", newline="", encoding="utf-8"))

    def _begin_source(self, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        source = frame.source
        self._source = source
        self._write_frame = None
        self._images.append(
            dict(id=len(self._images) + 1, file_name=source.name, width=width, height=height)
        )
        if source.rate is not None:
            self._images[-1]["fps"] = source.rate

    def _draw(self, frame: Frame, people: Sequence[Person]) -> None:
        image = displayable(frame.image).copy()
        if people:
            keypoints = np.stack([person.keypoints for person in people])
            drawn = np.stack([person.scores >= self._threshold for person in people])
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


@contextmanager
def video_file(path: Path, rate: float, size: Sequence[int]) -> Iterator[WriteFrame]:
    """Give a function that writes the next frame of an `.mp4`, which appears when the block ends.

    The video has a constant rate. Where that of the source varies, a frame is repeated until the
    next one's time, or left out if it has no time of its own, so that the video is as long.

    Args:
        path: To write.
        rate: Frames per second.
        size: Height and width in px.

    Raises:
        InputError: OpenCV cannot write it.
        cv2.error: It is too large for MPEG-4.
    """
    if max(size) > _LONGEST_MP4:
        raise cv2.error(f"no side of a video that is written may exceed {_LONGEST_MP4} px: {path}")
    with replacing(path) as partial:
        code = cv2.VideoWriter.fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(partial), code, rate, (size[1], size[0]))
        if not writer.isOpened():
            raise InputError(f"cannot write video {path}: no encoder, or no space")
        frames = _AtConstantRate(writer, rate)
        try:
            yield frames.write
        finally:
            frames.end()
            writer.release()


class _AtConstantRate:
    """Write frames, each until the time of the next one."""

    def __init__(self, writer: cv2.VideoWriter, rate: float) -> None:
        self._writer = writer
        self._rate = rate
        self._last: np.ndarray | None = None
        self._last_seconds, self._late = 0.0, 0.0
        self._written = 0

    def write(self, image: np.ndarray, seconds: float) -> None:
        """Write the frame before this one."""
        seconds -= self._late
        if seconds - self._last_seconds > _LONGEST_PAUSE:
            self._late += seconds - self._last_seconds - _LONGEST_PAUSE
            seconds = self._last_seconds + _LONGEST_PAUSE
        if self._last is not None:
            for _ in range(round(seconds * self._rate) - self._written):
                self._writer.write(self._last)
                self._written += 1
        self._last, self._last_seconds = image, seconds

    def end(self) -> None:
        """Write the last frame."""
        if self._last is not None:
            self._writer.write(self._last)


def refuse_to_replace(sources: Iterable[Source], folder: Path) -> None:
    """Raise InputError where pictures in `folder` would replace the images they are made from."""
    for source in sources:
        if Path(source.name).resolve().parent == folder.resolve():
            raise InputError(
                f"the output folder {folder} is the folder of {source.name}, which its picture "
                "would replace. Name another"
            )
