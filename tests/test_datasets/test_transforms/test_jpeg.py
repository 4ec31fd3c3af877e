"""JPEGs with OpenCV's pixels, and no further down than they are needed."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmhg.datasets.transforms import jpeg
from mmhg.datasets.transforms.jpeg import EXIF_ORIENTATION, decode_jpeg

pytest.importorskip("simplejpeg")

HEIGHT, WIDTH = 333, 251

SAMPLINGS = {
    "4:4:4": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444],
    "4:2:2": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422],
    "4:2:0": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420],
    "4:4:0": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440],
    "4:1:1": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411],
    "restarts": [cv2.IMWRITE_JPEG_RST_INTERVAL, 3],
}
FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """(HEIGHT, WIDTH, 3): noise, so that every row and colour depends on its neighbours."""
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def encoded(image: np.ndarray, *flags: int) -> bytes:
    return cv2.imencode(".jpg", image, flags)[1].tobytes()


def by_opencv(data: bytes, factor: int = 1) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), FLAGS[factor])


def by_pillow(image: np.ndarray, mode: str = "RGB", **settings: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).convert(mode).save(file, "JPEG", **settings)
    return file.getvalue()


@pytest.mark.parametrize("factor", FLAGS)
@pytest.mark.parametrize("kind", [*SAMPLINGS, "progressive", "grey"])
def test_pixels_are_opencvs(image: np.ndarray, kind: str, factor: int) -> None:
    flags = {**SAMPLINGS, "progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], "grey": []}[kind]
    data = encoded(image[..., 0] if kind == "grey" else image, *flags)
    found = decode_jpeg(data, factor=factor)
    assert found is not None
    assert found.full_shape == (HEIGHT, WIDTH)
    np.testing.assert_array_equal(found.image, by_opencv(data, factor))


@pytest.mark.parametrize("factor", FLAGS)
@pytest.mark.parametrize("kind", SAMPLINGS)
def test_upper_rows_are_those_of_the_whole(
    image: np.ndarray, kind: str, factor: int, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encoded(image, *SAMPLINGS[kind])
    whole = by_opencv(data, factor)
    for rows in (-5, 0.4, 1, 27, 28, 29, 60.5, 64, 150, 299, 300, HEIGHT - 1, HEIGHT, 10000):
        found = decode_jpeg(data, factor=factor, rows=rows)
        assert found is not None
        assert found.full_shape == (HEIGHT, WIDTH)
        assert len(found.image) * factor >= min(max(rows, 1), HEIGHT)
        np.testing.assert_array_equal(found.image, whole[: len(found.image)])
        if rows < 200:
            assert len(found.image) * factor < rows + 1 + factor or rows < 1
    out, err = capfd.readouterr()
    assert not out and not err  # no word of libjpeg's about what it does not decode


def test_rows_of_a_progressive_file_do_not_come_in_turn(image: np.ndarray) -> None:
    found = decode_jpeg(encoded(image, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), rows=10)
    assert found is not None
    assert found.image.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("orientation", range(9))
def test_turned_files_are_left_to_opencv(image: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    found = decode_jpeg(by_pillow(image, exif=exif))
    assert (found is None) == (orientation != 1)


def test_damaged_exif_data_are_left_to_opencv(image: np.ndarray) -> None:
    data = by_pillow(image)
    segment = b"\xff\xe1\x00\x10Exif\x00\x00MM\x00\x2a\xff\xff"  # cut off
    assert decode_jpeg(data[:2] + segment + data[2:]) is None


def test_other_files_are_left_to_opencv(image: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(image)
    assert decode_jpeg(by_pillow(image, "CMYK")) is None
    assert decode_jpeg(cv2.imencode(".png", image)[1].tobytes()) is None
    no_frame = b"\xff\xd8\xff\xc0\x00\x02\xff\xd9"
    for nothing in (b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", no_frame, data[:300]):
        assert decode_jpeg(nothing) is None
    middle = len(data) // 2
    assert decode_jpeg(data[:middle] + b"\xff\xc4\x00\x00" + data[middle:]) is None
    no_height = data.replace(HEIGHT.to_bytes(2, "big") + WIDTH.to_bytes(2, "big"), b"\0\0\0\0", 1)
    assert decode_jpeg(no_height) is None
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    assert decode_jpeg(data) is None
