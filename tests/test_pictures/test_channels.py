"""Pictures of any channels and bits: read as stored, and brought to what a network takes."""

import io
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmhg.datasets import LoadWholeImage
from mmhg.errors import InputError
from mmhg.export import predict
from mmhg.pictures import channels, decode_stored, displayable, to_bytes, to_channels

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (20, 30), np.uint8)
COLOR = RNG.integers(0, 256, (20, 30, 3), np.uint8)  # red, green, blue
DEEP = RNG.integers(0, 4096, (20, 30), np.uint16)
DEEP_COLOR = RNG.integers(0, 65536, (20, 30, 3), np.uint16)
MANY = RNG.integers(0, 256, (20, 30, 5), np.uint8)
BLUE_FIRST = COLOR[..., ::-1]
LUMINANCE = cv2.cvtColor(np.ascontiguousarray(BLUE_FIRST), cv2.COLOR_BGR2GRAY)


def pillow(array: np.ndarray, kind: str, mode: str | None = None, **settings: object) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(array)
    image.convert(mode or image.mode).save(file, kind, **settings)
    return file.getvalue()


def opencv(array: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, array)[1].tobytes()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def pages(array: np.ndarray) -> bytes:
    return cv2.imencodemulti(".tif", list(np.moveaxis(array, 2, 0).copy()))[1].tobytes()


def with_alpha(array: np.ndarray) -> np.ndarray:
    array = array if array.ndim == 3 else array[..., None]
    return np.concatenate([array, RNG.integers(0, 256, (20, 30, 1), np.uint8)], axis=2)


RGBA, LA = with_alpha(COLOR), with_alpha(GRAY)
TRIPLE = GRAY[..., None].repeat(3, axis=2)
DEEP_BYTES = (DEEP / np.float32(257))[..., None].astype(np.float32)
PALETTE = Image.fromarray(COLOR).convert("P")
PALETTE_BLUE_FIRST = np.array(PALETTE.convert("RGB"))[..., ::-1]


def palette() -> bytes:
    file = io.BytesIO()
    PALETTE.save(file, "PNG")
    return file.getvalue()


CASES = {
    "gray PNG as 1": (pillow(GRAY, "PNG"), 1, GRAY[..., None]),
    "gray PNG as 3": (pillow(GRAY, "PNG"), 3, TRIPLE),
    "gray TIFF as 1": (pillow(GRAY, "TIFF"), 1, GRAY[..., None]),
    "gray TIFF as 3": (pillow(GRAY, "TIFF"), 3, TRIPLE),
    "color PNG as 1": (pillow(COLOR, "PNG"), 1, LUMINANCE[..., None]),
    "color TIFF as 3": (pillow(COLOR, "TIFF"), 3, BLUE_FIRST),
    "16-bit PNG as 1": (opencv(DEEP, ".png"), 1, DEEP_BYTES),
    "16-bit PNG as 3": (opencv(DEEP, ".png"), 3, DEEP_BYTES.repeat(3, axis=2)),
    "16-bit TIFF as 1": (opencv(DEEP, ".tif"), 1, DEEP_BYTES),
    "16-bit PGM as 1": (opencv(DEEP, ".pgm"), 1, DEEP_BYTES),
    "16-bit .npy as 1": (npy(DEEP), 1, DEEP_BYTES),
    "16-bit color PNG as 3": (opencv(DEEP_COLOR, ".png"), 3, DEEP_COLOR / np.float32(257)),
    "palette PNG as 3": (palette(), 3, PALETTE_BLUE_FIRST),
    "bilevel PNG as 1": (pillow(GRAY, "PNG", "1"), 1, None),
    "RGBA PNG as 3": (pillow(RGBA, "PNG"), 3, BLUE_FIRST),
    "RGBA TIFF as 3": (pillow(RGBA, "TIFF"), 3, BLUE_FIRST),
    "RGBA PNG as 4": (pillow(RGBA, "PNG"), 4, RGBA),
    "RGBA TIFF as 4": (pillow(RGBA, "TIFF"), 4, RGBA),
    "gray and alpha PNG as 1": (pillow(LA, "PNG"), 1, GRAY[..., None]),
    "gray and alpha PNG as 2": (pillow(LA, "PNG"), 2, LA),
    "color .npy as 3": (npy(COLOR), 3, BLUE_FIRST),
    "color .npy as 1": (npy(COLOR), 1, LUMINANCE[..., None]),
    "gray .npy of 3 axes as 1": (npy(GRAY[..., None]), 1, GRAY[..., None]),
    "5 channels in .npy": (npy(MANY), 5, MANY),
    "5 channels in columns, in .npy": (npy(np.asfortranarray(MANY)), 5, MANY),
    "big-endian .npy as 1": (npy(DEEP.astype(">u2")), 1, DEEP_BYTES),
    "5 pages of a TIFF": (pages(MANY), 5, MANY),
    "2 pages of a TIFF": (pages(MANY[..., :2]), 2, MANY[..., :2]),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let pictures be dark, which is said once in a process."""
    channels._told.add("dark")
    yield
    channels._told.clear()


@pytest.mark.parametrize("case", CASES)
def test_every_reader_gives_the_stored_values(case: str, tmp_path: Path) -> None:
    """Training, inference and the exported folder's own reader agree with what was written."""
    data, number, expected = CASES[case]
    path = tmp_path / "picture"
    path.write_bytes(data)
    loader = LoadWholeImage(channels=number)
    found = loader({"img_path": str(path)})["img"]
    again = loader({"img": loader.read(str(path))})["img"]  # as inference has it
    settings = dict(mean=[0] * number, value_range=None)
    if "RGBA TIFF" in case:  # OpenCV alone would multiply color by alpha
        with pytest.raises(ValueError, match="TIFF with alpha"):
            predict.read_image(path, number)
        alone = found
    else:
        alone = predict.convert_image(predict.read_image(path, number), settings, "picture")
    assert found.shape == (20, 30, number)
    if expected is not None:
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(again, found)
    np.testing.assert_array_equal(alone, found)
    assert alone.dtype == found.dtype
    shown = displayable(loader.read(str(path)))
    assert shown.shape == (20, 30, 3)
    assert shown.dtype == np.uint8


def test_cmyk_jpeg_becomes_color(tmp_path: Path) -> None:
    flat = np.full((16, 16, 3), (200, 40, 90), np.uint8)
    data = pillow(flat, "JPEG", "CMYK", quality=95)
    found = to_channels(decode_stored(data, "picture"), 3, "picture")
    assert np.abs(found.astype(int) - (90, 40, 200)).max() < 12


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("number", [1, 3])
def test_exif_turns_gray_and_deep_pictures(kind: str, number: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    array = GRAY if kind == "JPEG" else DEEP
    data = pillow(array, kind, exif=exif)
    upright = to_channels(decode_stored(data, "picture", channels=number), number, "picture")
    assert upright.shape == (30, 20, number)
    if kind != "JPEG":
        np.testing.assert_array_equal(upright[..., 0], np.rot90(DEEP, -1))
    if kind != "TIFF":  # which OpenCV turns in any case
        stored = decode_stored(data, "picture", channels=number, turn=False)
        assert stored.shape[:2] == (20, 30)


def test_exif_turns_four_channels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = pillow(RGBA, "PNG", exif=exif)
    turned = decode_stored(data, "picture", channels=4)
    np.testing.assert_array_equal(turned, np.rot90(RGBA, -1))


def test_value_range() -> None:
    values = np.array([[[0], [100], [4095], [5000]]], np.uint16)
    found = to_bytes(values, (0, 4095), "picture")
    np.testing.assert_allclose(found.ravel(), [0, 100 / 4095 * 255, 255, 255], rtol=1e-5)
    inverted = to_bytes(values, (4095, 0), "picture")
    np.testing.assert_allclose(inverted.ravel(), [255, 255 - 100 / 4095 * 255, 0, 0], rtol=1e-5)
    own = to_bytes(values.astype(np.int16) - 1000, "image", "picture")
    np.testing.assert_allclose(own.ravel(), values.ravel() / 5000 * 255, rtol=1e-5)
    assert not to_bytes(np.full((2, 2, 1), 7.0), "image", "picture").any()  # a flat picture


def test_pictures_of_12_bits_in_16_are_not_silently_dark() -> None:
    channels._told.clear()
    with pytest.warns(UserWarning, match=r"photo has 16 bits, but no value above 40.*\(0, 4095\)"):
        to_bytes(DEEP[..., None], None, "photo")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_bytes(DEEP[..., None], None, "photo")  # said once
        channels._told.clear()
        to_bytes(DEEP[..., None], (0, 4095), "photo")
        to_bytes(DEEP_COLOR, None, "photo")


def test_pictures_of_8_bits_for_a_network_of_12_are_not_silently_dark() -> None:
    with pytest.warns(UserWarning, match=r"photo has 8 bits, but value_range .* is \(0, 4095\)"):
        to_bytes(GRAY[..., None], (0, 4095), "photo")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        channels._told.clear()
        to_bytes(GRAY[..., None], (50, 200), "photo")


@pytest.mark.parametrize(
    ("array", "settings", "message"),
    [
        (MANY, dict(channels=3), "has 5 channels, but pictures of 3 are wanted"),
        (GRAY, dict(channels=4), "has 1 channel, but pictures of 4 are wanted"),
        (GRAY.astype(np.float64), dict(channels=1), "type float64.*value_range"),
        (np.full((4, 4), np.nan), dict(channels=1, value_range=(0, 1)), "not finite"),
    ],
)
def test_pictures_that_do_not_fit(array: np.ndarray, settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        LoadWholeImage(**settings)({"img": array})


def hostile_header() -> bytes:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999, 1), }\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\0" * 10


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy(np.array([[object()]], dtype=object)), "object"),
        (npy(GRAY)[:-1], "truncated"),
        (npy(GRAY)[:40], "damaged"),
        (hostile_header(), "truncated"),
        (npy(np.zeros((5, 20, 30, 1), np.uint8)), "shape"),
        (npy(np.zeros((5, 20, 600), np.uint8)), "moveaxis"),
        (npy(np.zeros((0, 3), np.uint8)), "shape"),
    ],
)
def test_hostile_arrays(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        decode_stored(data, "picture", channels=5)
    path = tmp_path / "picture.npy"
    path.write_bytes(data)
    if "moveaxis" not in message:
        with pytest.raises(ValueError, match="array of a picture"):
            predict.read_image(path, 5)


def test_pages_that_are_no_channels() -> None:
    data = cv2.imencodemulti(".tif", [GRAY, GRAY[:10]])[1].tobytes()
    with pytest.raises(InputError, match="2 pages"):
        decode_stored(data, "picture", channels=2)


@pytest.mark.parametrize(
    "settings",
    [
        dict(channels=0),
        dict(channels=True),
        dict(value_range=(5, 5)),
        dict(value_range="own"),
        dict(value_range=(0, float("nan"))),
        dict(channels=1, imdecode_backend="pillow"),
        dict(channels=1, color_type="unchanged"),
    ],
)
def test_settings_that_are_refused(settings: dict) -> None:
    with pytest.raises(InputError, match=r"channels|value_range"):
        LoadWholeImage(**settings)


def test_displayable_shows_the_first_channels_of_many() -> None:
    np.testing.assert_array_equal(displayable(MANY), MANY[..., 2::-1])
    np.testing.assert_array_equal(displayable(LA), TRIPLE)
    dark = displayable(np.array([[10, 20]], np.uint16))
    assert dark[0, :, 0].tolist() == [0, 255]
