"""Whole, cut and broken image files."""

import cv2
import numpy as np
import pytest

from mmhg.datasets import LoadWholeImage
from mmhg.errors import InputError
from mmhg.pictures import is_truncated


@pytest.fixture
def load(tmp_path):
    def load(data, **settings):
        path = tmp_path / "image.jpg"
        path.write_bytes(data)
        return LoadWholeImage(**settings)({"img_path": str(path)})

    return load


def encoded(extension, *flags):
    noise = np.random.default_rng(0).integers(0, 256, (240, 300, 3), np.uint8)
    return cv2.imencode(extension, noise, flags)[1].tobytes()


WHOLE = {
    "baseline": encoded(".jpg"),
    "progressive": encoded(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "with restarts": encoded(".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
    "png": encoded(".png"),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_images(load, kind):
    data = WHOLE[kind]
    results = load(data)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(results["img"], expected)
    assert results["img_shape"] == results["ori_shape"] == (240, 300)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.999])
def test_truncated_images(load, kind, kept):
    data = WHOLE[kind]
    with pytest.raises(InputError, match=r"image\.jpg is truncated"):
        load(data[: int(len(data) * kept)])


def test_a_jpeg_without_its_last_byte_is_truncated():
    assert is_truncated(WHOLE["baseline"][:-1])
    assert is_truncated(WHOLE["png"][:-5])


def test_bytes_after_the_end_do_no_harm(load):
    trailer = b"\xff\xda after the end " * 20
    assert load(WHOLE["baseline"] + trailer)["img"].shape == (240, 300, 3)
    assert load(WHOLE["png"] + trailer)["img"].shape == (240, 300, 3)


def test_an_end_marker_inside_a_thumbnail_does_not_count():
    """Put a whole small JPEG, with its own end-of-image marker, into EXIF."""
    thumbnail = encoded(".jpg")[:20000] + b"\xff\xd9"
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    data = WHOLE["baseline"][:2] + segment + WHOLE["baseline"][2:]
    assert not is_truncated(data)
    assert is_truncated(data[: len(segment) + 2000])
    assert is_truncated(data[: 2 + len(segment)])  # the last bytes are the thumbnail's end


@pytest.mark.parametrize("data", [b"no image", b"\xff\xd8\xff\xd9"])
def test_files_that_are_no_images(load, data):
    with pytest.raises(InputError, match=r"cannot decode image .*image\.jpg"):
        load(data)


def test_an_empty_file(load):
    with pytest.raises(InputError, match=r"image .*image\.jpg is empty \(0 bytes\)"):
        load(b"")


def test_errors_of_decoders_have_no_blank_line(load, monkeypatch):
    def fail(*arguments, **settings):
        raise cv2.error("broken\n")

    monkeypatch.setattr("mmcv.imfrombytes", fail)
    with pytest.raises(InputError, match=r"cannot decode image .*image\.jpg: broken\Z"):
        load(WHOLE["png"])


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.jpg .*data_prefix"):
        LoadWholeImage()({"img_path": str(tmp_path / "none.jpg")})


def test_settings_of_load_image(load):
    gray = load(WHOLE["baseline"], color_type="grayscale", to_float32=True)["img"]
    assert gray.dtype == np.float32
    assert gray.shape == (240, 300)
    assert load(WHOLE["baseline"], imdecode_backend="pillow")["img"].shape == (240, 300, 3)
    assert load(WHOLE["baseline"][:500], ignore_empty=True) is None


def test_an_image_in_memory_is_taken_as_it_is():
    image = np.zeros((5, 6, 3), np.uint8)
    results = LoadWholeImage()({"img": image})
    assert results["img"] is image
    assert results["img_shape"] == (5, 6)
