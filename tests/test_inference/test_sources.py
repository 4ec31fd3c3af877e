"""Inputs of the command line, frame by frame."""

import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.inference.sources import Camera, Video, find_sources

WIDTH, HEIGHT, FRAMES, STEP = 96, 64, 12, 20


def write_video(path: Path, code: str = "mp4v", noise: int = 0) -> Path:
    """Write frames, the i-th gray of value STEP * i."""
    fourcc = cv2.VideoWriter.fourcc(*code)
    writer = cv2.VideoWriter(str(path), fourcc, 10, (WIDTH, HEIGHT))
    grain = np.random.default_rng(0).integers(0, noise + 1, (HEIGHT, WIDTH, 3))
    for index in range(FRAMES):
        writer.write((grain + STEP * index).astype(np.uint8))
    writer.release()
    return path


def values(source: Video | Camera) -> list[int]:
    """Read the frames' numbers from their gray."""
    frames = list(source.frames())
    assert [frame.index for frame in frames] == list(range(len(frames)))
    return [round(frame.image.mean() / STEP) for frame in frames]


def test_folders_globs_and_files(photos: list[Path], tmp_path: Path) -> None:
    folder = photos[0].parent
    clip = write_video(tmp_path / "clip.mp4")
    (tmp_path / "notes.txt").write_text("")
    sources, problems = find_sources(
        [str(folder), f"{folder}/**/[ab].png", str(photos[0]), str(tmp_path)]
    )
    assert [source.name for source in sources] == [*map(str, photos), str(clip)]
    assert problems == []


def test_frames_of_a_video_come_in_order(tmp_path: Path) -> None:
    video = Video(write_video(tmp_path / "clip.mp4"))
    assert (video.rate, video.length) == (10, FRAMES)
    assert values(video) == list(range(FRAMES))


def test_what_is_wrong_with_inputs(photos: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    inputs = [str(tmp_path / name) for name in ("empty", "broken.mp4", "*.png", "nosuch.jpg")]
    sources, problems = find_sources([*inputs, str(photos[0])])
    assert [source.name for source in sources] == [str(photos[0])]
    for problem, words in zip(
        problems,
        ("has no images or videos", "cannot open video", "no file matches", "no such file"),
        strict=True,
    ):
        assert words in problem


def test_a_broken_video_does_not_take_its_folder_along(photos: list[Path], tmp_path: Path) -> None:
    for name in ("a.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"no video")
    (tmp_path / "b.png").write_bytes(photos[0].read_bytes())
    for text in (str(tmp_path), f"{tmp_path}/*"):
        sources, problems = find_sources([text])
        assert [source.name for source in sources] == [str(tmp_path / "b.png")]
        assert [problem.partition(": ")[0] for problem in problems] == [
            f"cannot open video {tmp_path / name}" for name in ("a.mp4", "c.mp4")
        ]


def test_a_video_that_breaks_off(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", "MJPG", noise=200)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    seen = []
    with pytest.raises(InputError, match=f"broke off after [1-9] of {FRAMES} frames"):
        for frame in Video(path).frames():
            seen.append(frame.index)
    assert seen == list(range(len(seen)))
    assert 0 < len(seen) < FRAMES


def test_camera_until_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "clip.mp4")
    capture = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: capture(str(path)))
    (camera,), _ = find_sources(["0"])
    assert isinstance(camera, Camera)
    before = signal.getsignal(signal.SIGINT)
    seen = []
    for frame in camera.frames():
        seen.append(frame.index)
        if frame.index == 4:
            os.kill(os.getpid(), signal.SIGINT)
    assert seen == [0, 1, 2, 3, 4]
    assert signal.getsignal(signal.SIGINT) is before


def test_no_camera() -> None:
    sources, problems = find_sources(["99"])
    assert sources == []
    assert "cannot open camera 99" in problems[0]


def test_a_video_without_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        def __init__(self, path: str) -> None: ...

        def isOpened(self) -> bool:
            return True

        def get(self, setting: int) -> float:
            return 0.0

        def read(self) -> tuple[bool, None]:
            return False, None

        def grab(self) -> bool:
            return False

        def set(self, setting: int, value: float) -> bool:
            return False

        def release(self) -> None: ...

    path = tmp_path / "clip.mp4"
    path.touch()
    monkeypatch.setattr(cv2, "VideoCapture", Empty)
    video = Video(path)
    assert (video.length, video.rate) == (None, 25)
    with pytest.raises(InputError, match=r"no frame of video .*clip\.mp4 can be read"):
        list(video.frames())
