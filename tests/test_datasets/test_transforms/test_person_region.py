"""Reduced decoding and the cache on disk: coordinates, pixels, and what must not go wrong."""

import copy
import io
import os

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from mmpose.registry import TRANSFORMS
from PIL import Image

from mmhg.datasets import LoadPersonRegion
from mmhg.datasets.transforms import jpeg, person_region
from mmhg.datasets.transforms.region_file import RegionPlan, read_region
from mmhg.errors import InputError

SIZE = (64, 64)
SHAPE = (403, 605)


def smooth_image(shape=SHAPE, blur=6):
    noise = np.random.default_rng(0).normal(size=(*shape, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), blur)
    return np.clip(blurred / blurred.std() * 45 + 128, 0, 255).astype(np.uint8)


def write_jpeg(path, image, orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = io.BytesIO()
    Image.fromarray(image[..., ::-1]).save(data, "JPEG", quality=97, subsampling=0, exif=exif)
    path.write_bytes(data.getvalue())


@pytest.fixture
def path(tmp_path):
    write_jpeg(tmp_path / "image.jpg", smooth_image())
    return tmp_path / "image.jpg"


def sample(path, side=240.0, center=(291.5, 210.25)):
    """A person whose padded box has this side, in px."""
    center, half = np.array(center), side / 1.25 / 2
    return dict(
        img_path=str(path),
        bbox=np.array([[*(center - half), *(center + half)]], dtype=np.float32),
        keypoints=(center + np.linspace(-half, half, 8).reshape(1, 4, 2)).astype(np.float32),
        keypoints_visible=np.ones((1, 4), dtype=np.float32),
        flip_indices=[0, 2, 1, 3],
    )


class Draw:
    """A fixed draw of the augmentation."""

    def __init__(self, factor=1.0, angle=0.0, shift=(0.0, 0.0)):
        self.factor, self.angle, self.shift = factor, angle, shift

    def __call__(self, results):
        results["bbox_center"] = results["bbox_center"] + np.array(self.shift)
        results["bbox_scale"] = results["bbox_scale"] * self.factor
        results["bbox_rotation"] = np.array([self.angle])
        return results


def pipeline(load, draw=None, flip=None, crop="HourglassCrop", size=SIZE):
    flips = [dict(type="RandomFlip", prob=1.0, direction=flip)] if flip else []
    crop = dict(type=crop, input_size=size)
    return Compose([dict(type="GetBBoxCenterScale"), draw or Draw(), load, *flips, crop])


def plain(path, *args, person=None, **kwargs):
    """What the same steps make of the whole image."""
    return pipeline(dict(type="LoadWholeImage"), *args, **kwargs)(
        copy.deepcopy(person or sample(path))
    )


def region(**settings):
    return dict(type="LoadPersonRegion", input_size=SIZE, **settings)


@pytest.fixture(autouse=True, params=["simplejpeg", "OpenCV"])
def decoder(request, monkeypatch):
    """What decodes JPEGs."""
    if request.param == "OpenCV":
        monkeypatch.setattr(jpeg, "simplejpeg", None)
    elif jpeg.simplejpeg is None:
        pytest.skip("simplejpeg is not installed")
    return request.param


def decoded_sizes(monkeypatch):
    """The sizes that `LoadPersonRegion` decodes images to from now on."""
    sizes = []

    def noted(decode):
        def note(*args):
            found = decode(*args)
            sizes.append(found[0].shape[:2])
            return found

        return note

    monkeypatch.setattr(LoadPersonRegion, "_open", noted(LoadPersonRegion._open))
    monkeypatch.setattr(person_region, "decode_reduced", noted(person_region.decode_reduced))
    return sizes


def assert_same_fields(found, expected):
    assert found.keys() == expected.keys()
    for key in found.keys() - {"img", "transformed_keypoints"}:
        ours, theirs = found[key], expected[key]
        if isinstance(theirs, np.ndarray):
            # MMPose mirrors in float32.
            tolerance = 1e-4 if expected.get("flip") else 1e-9
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance, err_msg=key)
        else:
            assert ours == theirs, key
    # MMPose works out its matrix in float32.
    np.testing.assert_allclose(
        found["transformed_keypoints"], expected["transformed_keypoints"], atol=2e-3
    )


def displacement(found, expected):
    """By how much an image lies beside another, in px (x, y): the least-squares one.

    OpenCV's warp rounds to 1/32 px, all to one side if a crop's step is a multiple of that.
    """
    found, expected = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in (found, expected))
    inner = (slice(4, -4), slice(4, -4))
    down, across = np.gradient((found.astype(float) + expected) / 2)
    slopes = np.stack([across[inner].ravel(), down[inner].ravel()], 1)
    difference = (expected.astype(float) - found)[inner].ravel()
    return np.linalg.lstsq(slopes, difference, rcond=None)[0]


def test_by_default_it_is_load_whole_image(path):
    found = LoadPersonRegion(SIZE)(sample(path))
    expected = TRANSFORMS.build(dict(type="LoadWholeImage"))(sample(path))
    assert found.keys() == expected.keys()
    np.testing.assert_array_equal(found["img"], expected["img"])
    assert found["img_shape"] == found["ori_shape"] == SHAPE


@pytest.mark.parametrize(("side", "step"), [(100, 1), (127, 1), (129, 2), (300, 4), (3000, 8)])
def test_reduced_as_far_as_the_crop_allows(path, side, step, monkeypatch):
    sizes = decoded_sizes(monkeypatch)
    pipeline(region(reduce=True))(sample(path, side))
    assert sizes == [(-(-SHAPE[0] // step), -(-SHAPE[1] // step))]


@pytest.mark.parametrize("flip", [None, "horizontal", "vertical", "diagonal"])
@pytest.mark.parametrize("crop", ["HourglassCrop", "PersonCrop"])
@pytest.mark.parametrize("side", [140, 270, 600])
def test_reduced_fields_are_those_of_the_whole_image(path, side, crop, flip):
    draw, person = Draw(1.1, 20.0), sample(path, side)
    found = pipeline(region(reduce=True), draw, flip, crop)(copy.deepcopy(person))
    expected = plain(path, draw, flip, crop, person=person)
    assert_same_fields(found, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("side", "step"), [(151.7, 2), (283.1, 4)])
def test_reduced_pixels_are_in_place(tmp_path, orientation, side, step):
    """To a hundredth of a pixel, turned by EXIF or not; sizes are no multiples of the factor."""
    path = tmp_path / "turned.jpg"
    write_jpeg(path, smooth_image(blur=8), orientation)
    person = sample(path, side, center=(201.5, 210.25))
    found = pipeline(region(reduce=True))(copy.deepcopy(person))
    expected = plain(path, person=person)
    assert found["ori_shape"] == expected["ori_shape"]
    assert np.abs(displacement(found["img"], expected["img"])).max() < 0.01 * step / (side / 64)
    assert np.abs(found["img"].astype(int) - expected["img"]).mean() < 3


def test_files_that_are_no_jpegs_are_not_reduced(tmp_path):
    path = tmp_path / "image.png"
    cv2.imwrite(str(path), smooth_image())
    found = pipeline(region(reduce=True))(sample(path, 300))
    np.testing.assert_array_equal(found["img"], plain(path, person=sample(path, 300))["img"])


@pytest.fixture
def cached(tmp_path):
    return region(cache_dir=str(tmp_path / "cache"), scale_range=(0.8, 1.25), shift=0.1)


DRAWS = [Draw(0.8, 30.0), Draw(1.25, -30.0, (20.0, -20.0)), Draw(1.0, 0.0, (-5.0, 24.0))]


@pytest.mark.parametrize("flip", [None, "horizontal", "vertical", "diagonal"])
@pytest.mark.parametrize("side", [70, 141.7, 300.3])
def test_cached_fields_and_pixels(path, cached, side, flip, monkeypatch):
    """For all draws of the settings, from one file, in both epochs."""
    sizes = decoded_sizes(monkeypatch)
    for _ in range(2):
        for draw in DRAWS:
            person = sample(path, side)
            if side == 70:
                draw = Draw(draw.factor, draw.angle, np.array(draw.shift) / 4)
            elif side == 141.7:
                draw = Draw(draw.factor, draw.angle, np.array(draw.shift) / 2)
            found = pipeline(cached, draw, flip)(copy.deepcopy(person))
            expected = plain(path, draw, flip, person=person)
            assert_same_fields(found, expected)
            if side == 70:
                np.testing.assert_array_equal(found["img"], expected["img"])
            else:
                assert np.abs(displacement(found["img"], expected["img"])).max() < 0.01
                assert np.abs(found["img"].astype(int) - expected["img"]).mean() < 3
    assert len(sizes) == 1  # only the first of all crops needed the image


@pytest.mark.parametrize("center", [(10.0, 5.0), (600.0, 400.0), (300.0, 403.0), (-500.0, 50.0)])
@pytest.mark.parametrize("side", [70, 190])
def test_people_at_the_images_border(path, cached, center, side):
    person = sample(path, side, center)
    for _ in range(2):
        found = pipeline(cached, Draw(1.2, 25.0))(copy.deepcopy(person))
        expected = plain(path, Draw(1.2, 25.0), person=person)
        assert_same_fields(found, expected)
        difference = np.abs(found["img"].astype(int) - expected["img"])
        assert difference.mean() < 2
        # Where the region has the image's own pixels, the border is the same as well.
        assert side != 70 or difference.max() == 0


def test_a_region_has_no_more_pixels_than_the_closest_crop_needs(path, cached):
    results = pipeline(cached)(sample(path, 400, center=(300.0, 200.0)))
    folder = os.path.dirname(str(path)) + "/cache"
    (name,) = (name for name in os.listdir(folder) if name[0] != ".")
    stat = os.stat(path)
    kept = read_region(f"{folder}/{name}", (stat.st_mtime_ns, stat.st_size))
    assert kept.eighths == 40  # 0.8 * 400 / 64 = 5 px per px
    assert kept.image.shape == (-(-403 // 5), 605 // 5, 3)
    assert results["img"].shape == (64, 64, 3)


@pytest.mark.parametrize("draw", [Draw(0.5), Draw(2.0), Draw(1.25, 0.0, (90.0, 0.0))])
def test_what_the_cache_does_not_hold_comes_from_the_image(path, cached, draw, monkeypatch):
    sizes = decoded_sizes(monkeypatch)
    small = sample(path, 200)
    for _ in range(2):
        found = pipeline(cached, draw)(copy.deepcopy(small))
        np.testing.assert_array_equal(found["img"], plain(path, draw, person=small)["img"])
    assert sizes == [SHAPE, SHAPE]


def test_the_cache_is_made_anew_when_the_image_changes(path, cached):
    load = pipeline(cached)
    load(sample(path, 70))
    write_jpeg(path, 255 - smooth_image())
    np.testing.assert_array_equal(
        load(sample(path, 70))["img"], plain(path, person=sample(path, 70))["img"]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"input_size": (96, 96)},
        {"scale_range": (0.5, 1.25)},
        {"scale_range": (0.8, 1.5)},
        {"rotation": 10.0},
        {"shift": 0.2},
        {"padding": 1.4},
    ],
)
def test_other_settings_have_other_files(path, cached, change, monkeypatch):
    sizes = decoded_sizes(monkeypatch)
    for settings in (cached, {**cached, **change}, cached):
        steps = [dict(type="GetBBoxCenterScale"), Draw(), dict(settings)]
        Compose(steps)(sample(path, 300))
    assert len(sizes) == 2


def test_another_box_has_another_file(path, cached, monkeypatch):
    sizes = decoded_sizes(monkeypatch)
    for side in (70, 75, 70):
        pipeline(cached)(sample(path, side))
    assert len(sizes) == 2


@pytest.mark.parametrize("kept", [0, 10, 50, 0.5, -1])
def test_a_cut_file_is_made_anew(path, cached, kept):
    damage(path, cached, lambda data: data[: int(len(data) * kept) if kept == 0.5 else kept])


@pytest.mark.parametrize("place", [0, 9, 17, 25, 60, 70, 0.5, -1])
def test_a_changed_byte_is_noticed(path, cached, place):
    def change(data):
        at = int(len(data) * place) if place == 0.5 else place
        data[at] ^= 16
        return data

    damage(path, cached, change)


def test_swapped_and_empty_blocks_are_noticed(path, cached):
    damage(path, cached, lambda data: data[:64] + data[8256:16448] + data[64:8256] + data[16448:])
    damage(path, cached, lambda data: data[:-5000] + bytes(5000))


def damage(path, cached, change):
    """Whatever is done to the file, what comes out is as it was, and the file is made anew."""
    load = pipeline(cached)
    expected = load(sample(path, 100))["img"]
    folder = path.parent / "cache"
    (file,) = folder.glob("[!.]*")
    whole = file.read_bytes()
    file.write_bytes(change(bytearray(whole)))
    assert file.read_bytes() != whole
    np.testing.assert_array_equal(load(sample(path, 100))["img"], expected)
    assert file.read_bytes() == whole


def test_when_the_cache_is_full_the_rest_comes_from_the_image(path, cached, monkeypatch):
    sizes = decoded_sizes(monkeypatch)
    full = pipeline({**cached, "max_bytes": 1000})
    for _ in range(2):
        found = full(sample(path, 70))
        np.testing.assert_array_equal(found["img"], plain(path, person=sample(path, 70))["img"])
    assert sizes == [SHAPE, SHAPE]
    assert not list((path.parent / "cache").glob("[!.]*"))


@pytest.mark.parametrize("switch", [{"reduce": True}, {"cache_dir": "cache"}])
def test_broken_and_missing_images(path, switch):
    load = {**region(**switch)}
    if "cache_dir" in switch:
        load["cache_dir"] = str(path.parent / "cache")
        pipeline(load)(sample(path))  # a region of the whole image does not hide the damage
    whole = path.read_bytes()
    path.write_bytes(whole[:-3000])
    with pytest.raises(InputError, match=r"image\.jpg is truncated"):
        pipeline(load)(sample(path))
    assert (
        Compose([dict(type="GetBBoxCenterScale"), {**load, "ignore_empty": True}])(sample(path))
        is None
    )
    path.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"cannot decode image .*image\.jpg"):
        pipeline(load)(sample(path))
    path.unlink()
    with pytest.raises(InputError, match=r"cannot read image .*image\.jpg"):
        pipeline(load)(sample(path))


def test_a_box_that_changes_after_loading(path):
    steps = pipeline(region(reduce=True), flip="horizontal").transforms
    for draw in (Draw(0.9), Draw(1.0, 5.0), Draw(1.0, 0.0, (3.0, 0.0))):
        late = Compose([steps[0], *steps[2:-1], draw, steps[-1]])
        with pytest.raises(InputError, match=r"box changed after LoadPersonRegion.*steps that"):
            late(sample(path))


def test_a_crop_of_another_size(path):
    steps = [dict(type="GetBBoxCenterScale"), region(reduce=True)]
    with pytest.raises(InputError, match=r"input_size is \(64, 64\), the crop's \(96, 96\)"):
        Compose([*steps, dict(type="PersonCrop", input_size=(96, 96))])(sample(path))


def test_wrong_places_in_the_pipeline(path):
    with pytest.raises(InputError, match="after GetBBoxCenterScale"):
        Compose([region(reduce=True)])(sample(path))
    with pytest.raises(InputError, match="before the flip"):
        Compose([dict(type="GetBBoxCenterScale"), region(reduce=True)])(
            {**sample(path), "flip": False}
        )


def test_mmposes_crop_is_refused(path):
    """It would leave the region's coordinates to the evaluation."""
    steps = pipeline(region(reduce=True), crop="TopdownAffine")
    dataset = type("Dataset", (), {"pipeline": steps})()
    with pytest.raises(InputError, match="take PersonCrop"):
        steps({**sample(path), "dataset": dataset})


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"scale_range": (0.0, 1.0)}, "scale_range"),
        ({"scale_range": (1.2, 1.0)}, "scale_range"),
        ({"reduce": True, "color_type": "grayscale"}, "color_type"),
        ({"cache_dir": "cache", "imdecode_backend": "pillow"}, "imdecode_backend"),
        ({"cache_dir": "cache", "backend_args": {"backend": "local"}}, "backend_args"),
    ],
)
def test_impossible_settings(settings, named):
    with pytest.raises(InputError, match=named):
        LoadPersonRegion(SIZE, **settings)


def test_float_images(path, cached):
    for load in (region(reduce=True, to_float32=True), {**cached, "to_float32": True}):
        assert pipeline(load)(sample(path))["img"].dtype == np.float32


def test_the_format_is_part_of_the_name(monkeypatch):
    plan = RegionPlan(0, 0, 10, 10, 8)
    before = plan.name("image.jpg")
    assert before == plan.name("image.jpg") != plan.name("other.jpg")
    monkeypatch.setattr("mmhg.datasets.transforms.region_file.FORMAT", 99)
    assert plan.name("image.jpg") != before


def test_extent_of_a_turned_box():
    assert person_region.extent((4.0, 2.0), 0) == (4.0, 2.0)
    assert person_region.extent((4.0, 2.0), -90) == pytest.approx((2.0, 4.0))
    assert person_region.extent((2.0, 2.0), 45) == pytest.approx((8**0.5, 8**0.5))


def of_a_dataset(path, *args, side=140.0, **kwargs):
    """A person as a data set with this pipeline hands it out, and what it makes of it."""
    steps = pipeline(region(), *args, **kwargs)
    dataset = type("Dataset", (), {"pipeline": steps})()
    found = steps({**sample(path, side, center=(300.0, 90.5)), "dataset": dataset})
    del found["dataset"]
    return found


@pytest.mark.parametrize("flip", [None, "horizontal"])
@pytest.mark.parametrize("crop", ["HourglassCrop", "PersonCrop"])
@pytest.mark.parametrize("draw", [Draw(), Draw(1.3, 30.0), Draw(0.6, -90.0, (5.0, -50.0))])
def test_below_the_crop_nothing_is_decoded(path, draw, crop, flip, decoder, monkeypatch):
    person = sample(path, 140.0, center=(300.0, 90.5))
    expected = plain(path, draw, flip, crop, person=person)
    sizes = decoded_sizes(monkeypatch)
    found = of_a_dataset(path, draw, flip, crop)
    assert (sizes[0][0] < SHAPE[0]) == (decoder == "simplejpeg")
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
        if isinstance(value, np.ndarray):
            assert found[key].dtype == value.dtype


class Darker:
    """Looks at the image, too."""

    def __call__(self, results):
        return results


@pytest.mark.parametrize(
    "change",
    [
        dict(flip="vertical"),
        dict(flip=["horizontal", "vertical"]),
        dict(crop="TopdownAffine"),
        dict(size=(96, 64)),
        dict(between=Darker()),
        dict(dataset=None),
        dict(settings=dict(color_type="color_ignore_orientation")),
        dict(settings=dict(imdecode_backend="pillow")),
    ],
)
def test_whatever_else_looks_at_the_image_gets_all_of_it(path, change, monkeypatch):
    steps = pipeline(
        region(**change.get("settings", {})),
        flip=change.get("flip"),
        crop=change.get("crop", "HourglassCrop"),
        size=change.get("size", SIZE),
    )
    if "between" in change:
        steps.transforms.insert(3, change["between"])
    dataset = type("Dataset", (), {"pipeline": steps})()
    sizes = decoded_sizes(monkeypatch)
    steps({**sample(path, 140.0, center=(300.0, 90.5)), "dataset": change.get("dataset", dataset)})
    assert sizes == [SHAPE]


def test_reduced_and_below_the_crop_nothing(path, decoder, monkeypatch):
    whole = pipeline(region(reduce=True))
    person = sample(path, 140.0, center=(300.0, 90.5))
    expected = whole(copy.deepcopy(person))
    sizes = decoded_sizes(monkeypatch)
    found = whole({**person, "dataset": type("Dataset", (), {"pipeline": whole})()})
    assert (sizes[0][0] < 202) == (decoder == "simplejpeg")
    np.testing.assert_array_equal(found["img"], expected["img"])
    np.testing.assert_allclose(found["keypoints"], expected["keypoints"], rtol=0, atol=1e-4)
    assert found["img_shape"] == SHAPE
