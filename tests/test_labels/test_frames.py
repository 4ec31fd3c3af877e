"""Pixels of labeled images: pictures, frames of videos, pictures in HDF5 files."""

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from label_files_b import read_hdf5_here, write_video
from mmhg.errors import InputError
from mmhg.labels import LabeledImage
from mmhg.labels.frames import read_frame

GRAYS = [20, 60, 100, 140, 180, 220]


def labeled(path: Path, **where) -> LabeledImage:
    return LabeledImage(path=path, width=64, height=48, objects=[], **where)


def reddish(gray: int) -> np.ndarray:
    """Return a picture (48, 64, 3), blue, green, red."""
    return np.full((48, 64, 3), (gray, gray, 255), np.uint8)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(
        tmp_path / "clip.avi", [np.full((48, 64, 3), gray, np.uint8) for gray in GRAYS]
    )


def test_frames_of_a_video_in_any_order(video: Path) -> None:
    for number in (0, 1, 4, 4, 2, 5, 0):
        frame = read_frame(labeled(video, frame=number))
        assert frame.shape == (48, 64, 3)
        assert abs(int(frame.mean()) - GRAYS[number]) <= 2
    with pytest.raises(InputError, match=r"clip\.avi has no frame 6 \(from 0\): .* after 6"):
        read_frame(labeled(video, frame=6))
    with pytest.raises(InputError, match=r"from 0, got -1"):
        read_frame(labeled(video, frame=-1))
    assert abs(int(read_frame(labeled(video, frame=3)).mean()) - GRAYS[3]) <= 2


def test_a_video_that_is_written_anew(video: Path) -> None:
    read_frame(labeled(video, frame=0))
    write_video(video, [np.full((32, 64, 3), 200, np.uint8)])
    assert read_frame(labeled(video, frame=0)).shape == (32, 64, 3)


def test_a_frame_is_the_callers_own(video: Path) -> None:
    read_frame(labeled(video, frame=1))[:] = 0
    assert read_frame(labeled(video, frame=1)).mean() > 50


def test_another_video_and_a_picture(video: Path, tmp_path: Path) -> None:
    read_frame(labeled(video, frame=2))
    with pytest.raises(InputError, match=r"cannot open video .*none\.avi"):
        read_frame(labeled(tmp_path / "none.avi", frame=0))
    assert read_frame(labeled(video, frame=1)).shape == (48, 64, 3)
    cv2.imwrite(str(tmp_path / "a.png"), reddish(9))
    assert (read_frame(labeled(tmp_path / "a.png")) == reddish(9)).all()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read HDF5 files in this process, which is quick."""
    monkeypatch.setattr("mmhg.labels.frames.read_hdf5", read_hdf5_here)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("form", ["vlen", "fixed"])
@pytest.mark.parametrize(("order", "version"), [("RGB", 1.2), ("BGR", 1.9), (None, 1.2), (None, 2)])
def test_embedded_files_and_which_of_red_and_blue_is_first(
    form: str, order: str | None, version: float, tmp_path: Path
) -> None:
    swapped = order == "BGR" or (order is None and version < 1.4)
    path = tmp_path / "a.slp"
    with h5py.File(path, "w") as file:
        file.create_group("metadata").attrs["format_id"] = version
        # SLEAP hands pixels, red first, to OpenCV, which takes the first for blue.
        pixels = [reddish(gray)[..., :: -1 if swapped else 1].copy() for gray in range(70)]
        files = [cv2.imencode(".png", one)[1].ravel().view(np.int8) for one in pixels]
        if form == "vlen":
            dataset = file.create_dataset("video0/video", (70,), h5py.vlen_dtype(np.int8))
        else:
            shape = (70, max(map(len, files)) + 3)
            dataset = file.create_dataset("video0/video", shape, np.int8)
        for row, one in enumerate(files):
            dataset[row] = one if form == "vlen" else np.pad(one, (0, shape[1] - len(one)))
        if order:
            dataset.attrs["channel_order"] = order
    for row in (0, 69, 63):
        found = read_frame(labeled(path, frame=100, embedded=("video0/video", row)))
        assert (found == reddish(row)).all()
    with pytest.raises(InputError, match=r"a\.slp has no picture 70 \(from 0\) in video0/video"):
        read_frame(labeled(path, embedded=("video0/video", 70)))
    with pytest.raises(InputError, match=r"a\.slp has no video1/video"):
        read_frame(labeled(path, embedded=("video1/video", 0)))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("first", [True, False])
def test_embedded_pixels(channels: int, first: bool, tmp_path: Path) -> None:
    shown = reddish(50) if channels == 3 else np.full((48, 64, 3), 50, np.uint8)
    pixels = shown[..., ::-1][..., :channels]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["box"] = np.stack([pixels.transpose(2, 1, 0) if first else pixels] * 2)
        file["flat"] = np.zeros((2, 5))
    assert (read_frame(labeled(tmp_path / "a.h5", embedded=("box", 1))) == shown).all()
    with pytest.raises(InputError, match=r"picture 1 .* of flat is no picture: float64 of shape"):
        read_frame(labeled(tmp_path / "a.h5", embedded=("flat", 1)))
