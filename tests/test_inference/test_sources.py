"""Inputs of the command line, frame by frame."""

import os
import signal
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmhg.datasets import LoadWholeImage
from mmhg.errors import InputError
from mmhg.inference.sources import Animation, Camera, ImageFile, Source, Video, find_sources
from mmhg.pictures.video import VideoFrames, open_video

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


def patch(path: Path, kind: bytes, offset: int, content: bytes) -> None:
    """Overwrite the content of a box of an `.mp4`."""
    data = bytearray(path.read_bytes())
    start = data.index(kind) + 4 + offset
    data[start : start + len(content)] = content
    path.write_bytes(data)


@pytest.mark.parametrize("turns_itself", [True, False])  # OpenCV 4.11 does not
@pytest.mark.parametrize("angle", [90, 180, 270])
def test_videos_with_a_rotation_flag_are_upright(
    angle: int, turns_itself: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:32, :48], upright[:32, 48:], upright[32:, :48] = 80, 160, 240
    stored = np.rot90(upright, angle // 90)
    path = tmp_path / "clip.mp4"
    size = stored.shape[1], stored.shape[0]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, size)
    for _ in range(3):
        writer.write(np.ascontiguousarray(stored))
    writer.release()
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[angle]
    matrix = [cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30]
    patch(path, b"tkhd", 40, struct.pack(">9i", *matrix))

    if not turns_itself:

        def without(path: str) -> cv2.VideoCapture:
            capture = open_video(path)
            capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
            return capture

        for module in ("inference.sources", "pictures.video"):
            monkeypatch.setattr(f"mmhg.{module}.open_video", without)
    frames = [frame.image for frame in Video(path).frames()]
    assert len(frames) == 3
    frames.append(VideoFrames(str(path)).read(2))
    for frame in frames:
        assert frame.shape == upright.shape
        assert np.abs(frame.astype(int) - upright).mean() < 6


def test_times_of_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4")
    data = bytearray(path.read_bytes())
    start = data.index(b"stts") - 4
    ticks = struct.unpack(">I", data[start + 20 : start + 24])[0]
    ends = struct.pack(">I4sIIIIIII", 40, b"stts", 0, 3, 2, ticks * 3, 1, ticks * 4, 9)
    ends += struct.pack(">I", ticks * 2 // 9)
    data[start : start + 24] = ends
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        at = data.index(kind) - 4
        data[at : at + 4] = struct.pack(">I", struct.unpack(">I", data[at : at + 4])[0] + 16)
    path.write_bytes(data)
    times = [frame.time for frame in Video(path).frames()]
    assert times[:4] == pytest.approx([0, 0.3, 0.6, 1.0], abs=1e-3)
    assert len(times) == FRAMES


def animation(path: Path, durations: list[int], **settings: object) -> Path:
    pictures = [Image.new("RGB", (WIDTH, HEIGHT), (i * STEP,) * 3) for i in range(len(durations))]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=durations, **settings
    )
    return path


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animations_are_videos(suffix: str, tmp_path: Path) -> None:
    path = animation(tmp_path / f"moving{suffix}", [100, 300, 200, 50])
    (source,), problems = find_sources([str(tmp_path)])
    assert isinstance(source, Animation)
    assert (source.name, source.length, problems) == (str(path), 4, [])
    assert source.rate == pytest.approx(4 / 0.65)
    assert values(source) == [0, 1, 2, 3]
    assert [frame.time for frame in source.frames()] == pytest.approx([0, 0.1, 0.4, 0.6])


def test_durations_of_zero_are_those_of_browsers(tmp_path: Path) -> None:
    assert Animation(animation(tmp_path / "a.gif", [0, 0, 0])).rate == pytest.approx(10)


def test_a_damaged_animation(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.webp", [100] * 3)
    data = bytearray(path.read_bytes())
    start = [at for at in range(len(data)) if data[at : at + 4] == b"ANMF"][1] + 24
    data[start + 12 : start + 30] = bytes(18)
    path.write_bytes(data)
    sources, problems = find_sources([str(path)])
    for source in sources:
        with pytest.raises(InputError, match=r"a\.webp"):
            list(source.frames())
    assert sources or "a.webp" in problems[0]


def test_a_single_picture_of_such_a_kind_is_an_image(tmp_path: Path) -> None:
    for name in ("a.gif", "b.webp", "c.png"):
        Image.new("RGB", (WIDTH, HEIGHT), (100,) * 3).save(tmp_path / name)
    sources, _ = find_sources([str(tmp_path)])
    assert [type(source) for source in sources] == [ImageFile] * 3
    for source in sources:
        (frame,) = source.frames()
        assert (frame.index, frame.image.shape) == (None, (HEIGHT, WIDTH, 3))


def test_what_a_file_is_tells_its_content(photos: list[Path], tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(photos[0].read_bytes())
    (tmp_path / "photo.dat").write_bytes(photos[0].read_bytes())
    write_video(tmp_path / "clip.mp4").rename(tmp_path / "clip.dat")
    (tmp_path / "notes.dat").write_text("no picture")
    sources, problems = find_sources([str(tmp_path)])
    assert [source.name for source in sources] == [f"{tmp_path}/photo", f"{tmp_path}/photo.dat"]
    sources, problems = find_sources([f"{tmp_path}/clip.dat", f"{tmp_path}/notes.dat"])
    assert [type(source) for source in sources] == [Video, ImageFile]
    assert problems == []


def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("pipe.jpg", "pipe.mp4"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "endless.png").symlink_to("/dev/zero")

    def told(sources: list[Source]) -> list[str]:
        found = []
        for source in sources:
            with pytest.raises(InputError) as raised:
                list(source.frames())
            found.append(str(raised.value))
        return found

    inputs = [str(tmp_path), "/dev/zero", f"{tmp_path}/pipe.jpg", "a\0b.jpg"]
    sources, problems = find_sources(inputs)
    messages = told(sources) + problems
    for words in ("pipe.jpg (it is a pipe)", "pipe.mp4: it is a pipe", "png (it is a device)"):
        assert sum(words in message for message in messages) == 1
    assert sum("/dev/zero (it is a device)" in message for message in messages) == 1
    assert sum("a\\x00b.jpg" in message for message in messages) == 1


def test_lists_of_other_files_are_no_videos(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n")
    _, problems = find_sources([f"{tmp_path}/clip.mp4"])
    assert "it is a list of other files" in problems[0]


def test_the_limit_of_pixels(photos: list[Path], tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4")
    animation(tmp_path / "a.gif", [100, 100])
    sources, problems = find_sources(
        [str(tmp_path), str(photos[0])], LoadWholeImage(max_pixels=3_000)
    )
    (image,) = sources
    assert [name in told for name, told in zip(("a.gif", "clip.mp4"), problems, strict=True)]
    assert all("is too large: 96 x 64 px, and the limit is 3,000" in told for told in problems)
    with pytest.raises(InputError, match="is too large: 160 x 120 px"):
        list(image.frames())


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
