"""Pictures are upright, and cut, damaged or huge ones are refused, in every format."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from io import BytesIO

import cv2
import mmcv
import numpy as np
import pytest
from PIL import Image, ImageOps

from mmhg.errors import InputError
from mmhg.pictures import decode_picture, header, read_header, standard_error

CORNERS = np.zeros((40, 60, 3), np.uint8)
CORNERS[:20, :30], CORNERS[:20, 30:], CORNERS[20:, :30] = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def saved(kind: str, orientation: int | None = None, **settings: object) -> bytes:
    file, exif = BytesIO(), Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
        settings["exif"] = exif
    Image.fromarray(CORNERS).save(file, kind, **settings)
    return file.getvalue()


def noisy_jpeg() -> bytearray:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    return bytearray(cv2.imencode(".jpg", noise)[1].tobytes())


def damaged_jpeg() -> bytes:
    data = noisy_jpeg()
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    return bytes(data)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_turns_every_format(kind: str, orientation: int) -> None:
    settings = {"quality": 100} if kind in ("JPEG", "AVIF") else {}
    data = saved(kind, orientation, **settings)
    expected = np.array(ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB"))
    for backend in ("cv2", "pillow"):
        found = decode_picture(data, "it", backend=backend)
        assert found.shape == expected.shape
        assert np.abs(found[..., ::-1].astype(int) - expected).mean() < 8
    size = read_header(data, "it").size
    assert size == (expected.shape[1], expected.shape[0])
    gray = decode_picture(data, "it", flag="grayscale")
    assert gray.shape == expected.shape[:2]


def test_exif_can_be_left_alone() -> None:
    data = saved("WEBP", 6, lossless=True)
    found = decode_picture(data, "it", flag="color_ignore_orientation")
    np.testing.assert_array_equal(found, CORNERS[..., ::-1])


def test_exif_after_the_pixels_of_a_png() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    data = saved("PNG")
    found = decode_picture(data[:-12] + chunk + data[-12:], "it")
    np.testing.assert_array_equal(found, np.rot90(CORNERS[..., ::-1], -1))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_without_sense_is_left_out() -> None:
    for exif in (b"Exif\0\0MM", b"no exif", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"):
        found = decode_picture(saved("PNG", exif=exif), "it")
        np.testing.assert_array_equal(found, CORNERS[..., ::-1])


def test_the_first_picture_of_a_gif() -> None:
    file = BytesIO()
    first = Image.fromarray(CORNERS)
    first.save(file, "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40))])
    found = decode_picture(file.getvalue(), "it")
    assert np.abs(found.astype(int) - CORNERS[..., ::-1]).max() < 8


def test_damage_inside_a_jpeg(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"image a\.jpg is damaged, .* Corrupt JPEG data"):
        decode_picture(damaged_jpeg(), "image a.jpg")
    os.write(2, b"still heard")
    assert capfd.readouterr().err == "still heard"


@pytest.mark.parametrize("kind", [".png", ".tif"])
def test_damage_inside_other_formats(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    data = bytearray(cv2.imencode(kind, noise)[1].tobytes())
    middle = len(data) // 3
    data[middle : middle + 300] = bytes(300)
    with pytest.raises(InputError, match=r"cannot decode it|it is damaged"):
        decode_picture(bytes(data), "it")


def test_threads_hear_of_their_own_pictures_alone(capfd: pytest.CaptureFixture[str]) -> None:
    whole, damaged, wrong = bytes(noisy_jpeg()), damaged_jpeg(), []

    def work(data: bytes, refused: bool) -> None:
        for _ in range(30):
            try:
                decode_picture(data, "it")
                wrong.append(refused)
            except InputError:
                wrong.append(not refused)

    settings = [(whole, False), (damaged, True), (whole, False), (damaged, True)]
    threads = [threading.Thread(target=work, args=each) for each in settings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [False] * 120
    assert capfd.readouterr().err == ""


def test_what_others_print_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with standard_error.STANDARD_ERROR.listen() as heard:
        os.write(2, b"libpng warning: x\nof another thread\n")
        assert heard() == b"libpng warning: x\nof another thread\n"
    assert capfd.readouterr().err == "of another thread\n"


def test_a_closed_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(descriptor: int) -> int:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    assert decode_picture(saved("PNG"), "it").shape == (40, 60, 3)


@pytest.mark.parametrize("kind", ["EPS", "PDF", "ICO", "PCX"])
def test_what_pillow_alone_knows_is_no_picture(kind: str) -> None:
    """To decode an EPS, Pillow starts another program."""
    for backend in ("cv2", "pillow"):
        with pytest.raises(InputError, match="not an image, or of a kind that is not read here"):
            decode_picture(saved(kind), "it", backend=backend)


@pytest.mark.parametrize("kind", ["BMP", "JPEG2000", "PPM", "TIFF", "PNG", "MPO"])
def test_kinds_without_loss(kind: str) -> None:
    found = decode_picture(saved(kind), "it")
    assert np.abs(found[..., ::-1].astype(int) - CORNERS).mean() < 8


def huge(kind: str, side: int) -> bytes:
    """Return a small file whose header states side x side px."""
    data = bytearray(saved(kind))
    if kind == "PNG":
        data[16:24] = struct.pack(">II", side, side)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", side, side)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", side, side)
    elif kind == "JPEG":
        start = data.index(b"\xff\xc0") + 5
        data[start : start + 4] = struct.pack(">HH", side, side)
    return bytes(data)


@pytest.mark.parametrize("side", [14_000, 30_000])  # the latter is more than Pillow itself allows
@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG"])
def test_bombs_are_refused_by_their_header(
    kind: str, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmcv, "imfrombytes", None)  # it must not come to that
    with pytest.raises(InputError, match=r"it is too large: .* limit is 178,956,970 pixels"):
        decode_picture(huge(kind, side), "it")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_limit_can_be_raised_and_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header.Image, "MAX_IMAGE_PIXELS", header.Image.MAX_IMAGE_PIXELS)
    assert read_header(huge("PNG", 30_000), "it", 900_000_000).size == (30_000, 30_000)
    with pytest.raises(InputError, match="it is too large: 60 x 40 px, and the limit is 2,399 pix"):
        decode_picture(saved("PNG"), "it", max_pixels=2_399)
    assert decode_picture(saved("PNG"), "it", max_pixels=2_400).shape == (40, 60, 3)
