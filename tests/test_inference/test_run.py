"""Pictures in, files out: in order, few at a time."""

import csv
import json
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from xtcocotools.coco import COCO

from mmhg.errors import InputError
from mmhg.inference.outputs import Outputs
from mmhg.inference.run import Summary, run_inference
from mmhg.inference.sources import Frame, ImageFile, Source

from .conftest import stamped, stamps

META = dict(
    num_keypoints=2,
    keypoint_id2name={0: "head", 1: "foot"},
    skeleton_links=[(0, 1)],
    skeleton_link_colors=[[255, 0, 0]],
    keypoint_colors=[[0, 0, 255]] * 2,
)
HEIGHT, WIDTH = 160, 200


def predict(
    images: Sequence[np.ndarray], boxes: Sequence[np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Put the head on a box's upper left corner and the foot on the lower right."""
    if boxes is None:
        boxes = [np.array([[0, 0, image.shape[1], image.shape[0]]]) for image in images]
    corners = np.concatenate(boxes).reshape(-1, 2, 2)
    return corners, np.tile([0.9, 0.1], (len(corners), 1))


class Film:
    """Frames made on demand; remembers how many are alive."""

    rate = 10.0

    def __init__(self, length: int, name: str = "clips/film.mp4") -> None:
        self.name = name
        self.length: int | None = length
        self.alive: weakref.WeakSet[Frame] = weakref.WeakSet()
        self.most = 0

    def frames(self) -> Iterator[Frame]:
        for index in range(self.length or 0):
            frame = Frame(self, index, stamped(HEIGHT, WIDTH, index))  # type: ignore
            self.alive.add(frame)
            self.most = max(self.most, len(self.alive))
            yield frame


def infer(
    folder: Path, sources: Sequence[Any], find_people: Any = None, **settings: Any
) -> Summary:
    with Outputs(folder, META, {"by": "test"}, threshold=0.0, **settings) as outputs:
        return run_inference(sources, predict, find_people, outputs, batch_size=4)


def boxes_by_frame(frame: Frame) -> list[list[float]]:
    """Give as many people as the frame's number modulo 3, each at another position."""
    number = frame.index or 0
    return [[10.0 * n, number, 10 * n + 50.5, number + 60] for n in range(number % 3)]


def test_memory_is_flat_and_frames_are_in_order(tmp_path: Path) -> None:
    film = Film(50)
    summary = infer(tmp_path, [film], boxes_by_frame)
    assert film.most <= 5
    assert (summary.frames, summary.people, summary.problems) == (50, 49, [])

    content = json.loads((tmp_path / "keypoints.json").read_text())
    assert content["images"] == [
        dict(id=1, file_name=film.name, width=WIDTH, height=HEIGHT, fps=10.0, frames=50)
    ]
    people = content["annotations"]
    assert [p["frame"] for p in people] == [n for n in range(50) for _ in range(n % 3)]
    assert [p["bbox"][1] for p in people] == [p["frame"] for p in people]
    assert people[2]["keypoints"] == [10, 2, 0.9, 60.5, 62, 0.1]
    assert people[2]["score"] == 0.5

    assert stamps(tmp_path / "film.mp4") == list(range(50))
    assert cv2.VideoCapture(str(tmp_path / "film.mp4")).get(cv2.CAP_PROP_FPS) == 10


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (Summary(frames=1, people=1), "1 person in 1 image"),
        (Summary(frames=2, people=0), "0 people in 2 images"),
        (Summary(frames=250, video_frames=250, people=251), "251 people in 250 frames"),
        (Summary(frames=3, video_frames=1, people=3), "3 people in 2 images and 1 frame"),
    ],
)
def test_a_summary_in_words(summary: Summary, text: str) -> None:
    assert str(summary) == text


def test_images_without_people_are_named() -> None:
    summary = Summary()
    assert summary.without_people == ""
    summary.empty.update({"a.jpg": 0, "clip.mp4": 12})
    assert summary.without_people == "a.jpg, 12 frames of clip.mp4"
    summary.empty.update({f"{name}.jpg": 0 for name in "bcde"})
    assert summary.without_people == "a.jpg, 12 frames of clip.mp4, b.jpg, c.jpg, d.jpg and 1 more"


def test_frames_of_videos_are_counted(tmp_path: Path, photos: list[Path]) -> None:
    summary = infer(tmp_path, [Film(3), ImageFile(photos[0])], pictures=False)
    assert str(summary) == "4 people in 1 image and 3 frames"


def test_json_is_cocos(tmp_path: Path, photos: list[Path]) -> None:
    infer(tmp_path, [ImageFile(path) for path in photos], pictures=False)
    coco = COCO(str(tmp_path / "keypoints.json"))
    assert [coco.imgs[n]["file_name"] for n in coco.getImgIds()] == [*map(str, photos)]
    assert coco.cats[1]["keypoints"] == ["head", "foot"]
    assert coco.cats[1]["skeleton"] == [[1, 2]]
    results = coco.loadRes(list(coco.anns.values()))
    assert results.anns[1]["keypoints"] == [0, 0, 0.9, 160, 120, 0.1]
    assert [path.name for path in tmp_path.iterdir()] == ["keypoints.json"]


class Variable(Film):
    """Frames at given seconds."""

    def __init__(self, times: Sequence[float]) -> None:
        super().__init__(len(times))
        self.times = times

    def frames(self) -> Iterator[Frame]:
        for frame, time in zip(super().frames(), self.times, strict=True):
            yield Frame(frame.source, frame.index, frame.image, time)


@pytest.mark.parametrize(
    ("times", "written"),
    [
        ([0, 0.1, 0.2, 0.3], [0, 1, 2, 3]),
        ([0, 0.098, 0.204, 0.296], [0, 1, 2, 3]),  # rounded by the container
        ([0, 0.3, 0.4], [0, 0, 0, 1, 2]),  # a pause is as long as it was
        ([0, 0.1, 0.12, 0.14, 0.3], [0, 3, 3, 4]),  # no room for all of a burst
        ([0, 1e9, 1e9 + 0.1], [*[0] * 100, 1, 2]),  # damaged times end
    ],
)
def test_variable_frame_rates(times: list[float], written: list[int], tmp_path: Path) -> None:
    infer(tmp_path, [Variable(times)])
    assert stamps(tmp_path / "film.mp4") == written
    content = json.loads((tmp_path / "keypoints.json").read_text())
    assert [person["time"] for person in content["annotations"]] == [round(t, 4) for t in times]
    assert content["images"][0]["fps"] == 10


def test_what_is_too_large_to_be_written_is_reported(tmp_path: Path, photos: list[Path]) -> None:
    class Wide(Film):
        def frames(self) -> Iterator[Frame]:
            for index in range(2):
                yield Frame(self, index, np.zeros((2, 8192, 3), np.uint8))  # type: ignore

    long = tmp_path / "long.jpg"
    cv2.imwrite(f"{tmp_path}/long.png", np.zeros((4, 65_501, 3), np.uint8))
    (tmp_path / "long.png").rename(long)
    summary = infer(tmp_path / "out", [Wide(2), ImageFile(long), ImageFile(photos[0])])
    (problem,) = summary.problems
    assert problem.startswith("clips/film.mp4, frame 0 cannot be processed: no side of a video")
    assert (summary.frames, summary.people) == (4, 4)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        photos[0].name,
        "keypoints.json",
        "long.png",
    ]
    content = json.loads((tmp_path / "out/keypoints.json").read_text())
    assert [person.get("frame") for person in content["annotations"]] == [0, 1, None, None]


@pytest.mark.parametrize("rate", [30000 / 1001, 24000 / 1001, 240.0, 12.5])
def test_frame_rates_are_kept(rate: float, tmp_path: Path) -> None:
    film = Film(4)
    film.rate = rate
    infer(tmp_path, [film])
    capture = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(rate, rel=1e-4)
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 4


def test_csv(tmp_path: Path) -> None:
    infer(tmp_path, [Film(3)], boxes_by_frame, write=["csv"], pictures=False)
    with (tmp_path / "keypoints.csv").open() as file:
        first, _, third = csv.DictReader(file)
    values = "clips/film.mp4,1,0.0,1.0,50.5,61.0,0.5,0.0,1.0,0.9,50.5,61.0,0.1"
    assert ",".join(first.values()) == values
    assert (third["frame"], third["foot_x"], third["foot_score"]) == ("2", "60.5", "0.1")


def test_pictures_have_skeletons_and_names_of_their_own(tmp_path: Path, photos: list[Path]) -> None:
    same_name = tmp_path / "other" / photos[0].name
    same_name.parent.mkdir()
    cv2.imwrite(str(same_name), np.zeros((50, 50, 3), np.uint8))
    photo = same_name.with_suffix(".JPG")
    cv2.imwrite(str(photo), np.zeros((50, 50, 3), np.uint8))
    out = tmp_path / "out"
    infer(out, [ImageFile(path) for path in (photos[0], same_name, photo)])
    assert sorted(path.name for path in out.iterdir()) == [
        "a.JPG",
        "a.png",
        "a_2.png",
        "keypoints.json",
    ]
    assert cv2.imread(str(out / "a_2.png"))[25, 25].tolist() == [0, 0, 255]
    before, after = cv2.imread(str(photos[0])), cv2.imread(str(out / "a.png"))
    assert (before[110, :20] == after[110, :20]).all()
    assert not (before == after).all()


def test_bad_boxes_and_pictures_do_not_stop_the_rest(
    tmp_path: Path, photos: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    sources: list[Source] = [ImageFile(path) for path in (photos[0], broken, photos[1])]
    outside = [[500.0, 0.0, 600.0, 90.0]]
    summary = infer(tmp_path / "out", sources, lambda frame: [*outside, [0.0, 0.0, 50.0, 50.0]])
    assert (summary.frames, summary.people) == (2, 2)
    lines = capsys.readouterr().err.splitlines()
    messages = [line for line in lines if not line.startswith("images: ")]
    assert messages == [f"error: {problem}" for problem in summary.problems]
    assert [photos[0].name in messages[0], "outside of the image, 160 x 120" in messages[0]]
    assert "cannot decode image" in messages[1]
    assert photos[1].name in messages[2]
    content = json.loads((tmp_path / "out/keypoints.json").read_text())
    assert [entry["image_id"] for entry in content["annotations"]] == [1, 2]


@pytest.mark.parametrize(
    "error", [InputError("broken"), cv2.error("broken"), MemoryError("broken")]
)
def test_a_picture_that_the_network_fails_on_costs_the_others_nothing(
    error: Exception, tmp_path: Path, photos: list[Path]
) -> None:
    def fails_on_wide(images: Sequence[np.ndarray], boxes: Any) -> Any:
        if any(image.shape == (120, 160, 3) for image in images):
            raise error
        return predict(images, boxes)

    with Outputs(tmp_path / "out", META, {}, threshold=0.0) as outputs:
        sources = [ImageFile(path) for path in photos]
        summary = run_inference(sources, fails_on_wide, None, outputs, batch_size=4)
    assert summary.problems == [f"{photos[0]} cannot be processed: broken"]
    assert summary.frames == len(photos) - 1 > 1
    content = json.loads((tmp_path / "out/keypoints.json").read_text())
    assert [image["file_name"] for image in content["images"]] == [*map(str, photos[1:])]


def test_a_picture_that_the_detector_fails_on(tmp_path: Path, photos: list[Path]) -> None:
    def find(frame: Frame) -> list[list[float]]:
        if frame.source.name == str(photos[1]):
            raise cv2.error("too wide")
        return [[0.0, 0.0, 50.0, 50.0]]

    summary = infer(tmp_path / "out", [ImageFile(path) for path in photos], find)
    assert summary.problems == [f"{photos[1]} cannot be processed: too wide"]
    assert summary.people == len(photos) - 1


def test_nothing_is_left_of_nothing(tmp_path: Path) -> None:
    infer(tmp_path / "out", [ImageFile(tmp_path / "nosuch.jpg")], write=["csv"])
    assert not (tmp_path / "out").exists()


def test_an_error_leaves_no_half_files(tmp_path: Path) -> None:
    def fail(frame: Frame) -> list[list[float]]:
        if frame.index == 9:
            raise RuntimeError("no more")
        return boxes_by_frame(frame)

    with pytest.raises(RuntimeError, match="no more"):
        infer(tmp_path, [Film(20)], fail, write=["csv"])
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
