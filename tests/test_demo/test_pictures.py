"""Check uploaded pictures: their pixels equal those that are read from files."""

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmhg.demo import pictures
from mmhg.demo.pictures import PictureMemory, encode_picture
from mmhg.errors import InputError
from mmhg.inference.predictor import read_image


def decode_picture(data: bytes) -> np.ndarray:
    with PictureMemory().decoded(data) as image:
        return image


def encoded(image: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif"])
def test_pixels_are_those_of_the_file(image, tmp_path: Path, suffix: str):
    path = tmp_path / f"photo{suffix}"
    path.write_bytes(encoded(image, suffix))
    assert np.array_equal(decode_picture(path.read_bytes()), read_image(path))


def test_a_photo_is_turned_upright(image, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    path = tmp_path / "turned.jpg"
    Image.fromarray(image).save(path, exif=exif)
    decoded = decode_picture(path.read_bytes())
    assert decoded.shape == (image.shape[1], image.shape[0], 3)
    assert np.array_equal(decoded, read_image(path))


def test_gray_pictures_get_three_channels(image):
    decoded = decode_picture(encoded(image[..., 0], ".png"))
    assert np.array_equal(decoded, np.repeat(image[..., :1], 3, axis=2))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "not an image"),
        (lambda data: b"no picture at all", "not an image"),
        (lambda data: data[: len(data) // 2], "truncated"),
        (lambda data: data[:60] + bytes(40) + data[100:], "cannot decode this picture"),
    ],
)
def test_broken_pictures(image, damage, message: str):
    with pytest.raises(InputError, match=message):
        decode_picture(damage(encoded(image, ".png")))


def test_pictures_above_the_limit(image):
    with (
        pytest.raises(InputError, match="this picture is too large: 160 x 120 px"),
        PictureMemory(19_199).decoded(encoded(image, ".png")),
    ):
        pass


def test_only_so_many_pixels_are_decoded_at_a_time(image, monkeypatch):
    data, alive, most = encoded(image, ".png"), [], []
    memory = PictureMemory(2 * image.shape[0] * image.shape[1] + 1)
    lock = threading.Lock()

    def work():
        with memory.decoded(data):
            with lock:
                alive.append(1)
                most.append(len(alive))
            time.sleep(0.02)
            with lock:
                alive.pop()

    threads = [threading.Thread(target=work) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (9, 2)


def test_what_is_sent_back(image, monkeypatch):
    back = cv2.imdecode(np.frombuffer(encode_picture(image), np.uint8), cv2.IMREAD_COLOR)
    assert back.shape == image.shape
    assert np.abs(cv2.blur(back, (5, 5)).astype(int) - cv2.blur(image, (5, 5))).mean() < 3
    monkeypatch.setattr(pictures, "LONGEST_SIDE", 80)
    back = cv2.imdecode(np.frombuffer(encode_picture(image), np.uint8), cv2.IMREAD_COLOR)
    assert back.shape == (60, 80, 3)
