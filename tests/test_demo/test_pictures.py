"""Check uploaded pictures: their pixels equal those that are read from files."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmhg.demo import pictures
from mmhg.demo.pictures import decode_picture, encode_picture
from mmhg.errors import InputError
from mmhg.inference.predictor import read_image


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
        (lambda data: b"", "not a picture"),
        (lambda data: b"not a picture at all", "not a picture"),
        (lambda data: data[: len(data) // 2], "cut off"),
        (lambda data: data[:60] + bytes(40) + data[100:], "damaged"),
    ],
)
def test_broken_pictures(image, damage, message: str):
    with pytest.raises(InputError, match=message):
        decode_picture(damage(encoded(image, ".png")))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [9_000, 30_000])  # the latter is more than Pillow itself allows
def test_a_small_file_of_a_huge_picture(image, monkeypatch, side: int):
    data = bytearray(encoded(image, ".png"))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    monkeypatch.setattr(pictures.mmcv, "imfrombytes", None)  # it must not come to that
    with pytest.raises(InputError, match="more than 80 megapixels"):
        decode_picture(bytes(data))


def test_what_is_sent_back(image, monkeypatch):
    back = cv2.imdecode(np.frombuffer(encode_picture(image), np.uint8), cv2.IMREAD_COLOR)
    assert back.shape == image.shape
    assert np.abs(cv2.blur(back, (5, 5)).astype(int) - cv2.blur(image, (5, 5))).mean() < 3
    monkeypatch.setattr(pictures, "LONGEST_SIDE", 80)
    back = cv2.imdecode(np.frombuffer(encode_picture(image), np.uint8), cv2.IMREAD_COLOR)
    assert back.shape == (60, 80, 3)
