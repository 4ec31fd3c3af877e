"""Crops: MMPose's to the bit, flipped or not; the authors' mapping there and back."""

import copy

import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import RandomFlip, TopdownAffine
from mmpose.registry import TRANSFORMS

from mmhg.datasets import HourglassCrop, PersonCrop

CENTER = np.array([[150.25, 118.5]])


def crop(size=(256, 256), scale=(200.0, 200.0), joints=((0.0, 0.0),), angle=0.0):
    results = dict(
        img=np.full((240, 300, 3), 200, np.uint8),
        bbox_center=CENTER,
        bbox_scale=np.array([scale]),
        bbox_rotation=np.array([angle]),
        keypoints=np.array([joints]),
    )
    return HourglassCrop(size).transform(results)


@pytest.mark.parametrize("angle", [0.0, 33.0])
@pytest.mark.parametrize(
    ("size", "middle"), [((256, 256), (127.5, 127.5)), ((192, 256), (95.5, 127.5))]
)
def test_the_boxs_center_falls_on_the_middle_of_the_input(size, middle, angle):
    results = crop(size, joints=CENTER, angle=angle)
    np.testing.assert_allclose(results["transformed_keypoints"][0, 0], middle, atol=1e-4)
    np.testing.assert_array_equal(results["bbox_center"], CENTER)


def test_the_input_covers_the_box():
    """Cover the box from half a pixel before its first pixel to half a pixel after its last."""
    corners = CENTER + np.array([[-100.0, -100.0], [100.0, 100.0]])
    results = crop(joints=corners)
    np.testing.assert_allclose(
        results["transformed_keypoints"][0], [[-0.5] * 2, [255.5] * 2], atol=1e-4
    )


@pytest.mark.parametrize("size", [(256, 256), (192, 256)])
@pytest.mark.parametrize("scale", [(200.0, 200.0), (150.0, 60.0), (20.0, 180.0)])
def test_mmpose_maps_back_by_what_is_set(size, scale):
    """Map back as `TopdownPoseEstimator.add_pred_to_datasample` does."""
    joints = np.random.default_rng(0).uniform(0, 240, (16, 2))
    results = crop(size, scale, joints)
    scale, center = results["input_scale"], results["input_center"]
    back = results["transformed_keypoints"] / size * scale + center - 0.5 * scale
    np.testing.assert_allclose(back[0], joints, atol=1e-3)


def test_outside_of_the_image_is_black():
    image = crop(scale=(600.0, 600.0))["img"]
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[128, 128].tolist() == [200, 200, 200]


def flipped_samples(count, direction, shape=(48, 70, 3), dtype=np.uint8):
    """Yield samples with boxes in and around the image, rotated, and flipped by MMPose."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        sample = dict(
            img=rng.integers(0, 256, shape).astype(dtype),
            img_shape=shape[:2],
            bbox_center=rng.uniform(-20, 90, (1, 2)).astype(np.float32),
            bbox_scale=rng.uniform(2, 160, (1, 2)).astype(np.float32),
            bbox_rotation=rng.uniform(-180, 180, 1),
            keypoints=rng.uniform(0, 48, (1, 3, 2)).astype(np.float32),
            keypoints_visible=np.ones((1, 3), np.float32),
            flip_indices=[0, 2, 1],
        )
        yield RandomFlip(prob=1.0 if direction else 0.0, direction=direction or "horizontal")(
            sample
        )


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for key in found:
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)


@pytest.mark.parametrize("use_udp", [False, True])
@pytest.mark.parametrize("direction", [None, "horizontal", "vertical", "diagonal"])
def test_is_mmposes_to_the_bit(direction, use_udp):
    for size in ((64, 64), (48, 64)):
        for sample in flipped_samples(60, direction):
            expected = TopdownAffine(size, use_udp=use_udp)(copy.deepcopy(sample))
            assert_same(PersonCrop(size, use_udp=use_udp)(sample), expected)


@pytest.mark.parametrize("shape", [(48, 70), (48, 70, 1), (48, 70, 4), (1, 1, 3), (2000, 3, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_images_of_any_kind(shape, dtype):
    for sample in flipped_samples(10, "horizontal", shape, dtype):
        expected = TopdownAffine((64, 64))(copy.deepcopy(sample))
        expected["img"] = expected["img"].reshape(64, 64, *shape[2:])  # where MMPose loses one
        assert_same(PersonCrop((64, 64))(sample), expected)


def test_several_images_of_a_sample():
    for sample in flipped_samples(5, "diagonal"):
        sample["img"] = [sample["img"], 255 - np.ascontiguousarray(sample["img"]), sample["img"]]
        expected = TopdownAffine((64, 64))(copy.deepcopy(sample))
        found = PersonCrop((64, 64))(sample)
        assert len(found["img"]) == 3
        for ours, theirs in zip(found["img"], expected["img"], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_authors_crop_of_a_mirrored_image():
    for sample in flipped_samples(20, "horizontal"):
        plain = dict(copy.deepcopy(sample), img=np.ascontiguousarray(sample["img"]))
        assert_same(HourglassCrop((64, 64))(sample), HourglassCrop((64, 64))(plain))


def test_opencv_never_sees_a_mirrored_view(monkeypatch):
    """Check that OpenCV need not copy a view, at many times the cost of the crop."""
    seen = []
    warp = cv2.warpAffine
    monkeypatch.setattr(
        cv2, "warpAffine", lambda image, *args, **kw: seen.append(image) or warp(image, *args, **kw)
    )
    for direction in ("horizontal", "vertical", "diagonal"):
        for sample in flipped_samples(1, direction):
            PersonCrop((64, 64))(sample)
    assert [image.flags.c_contiguous for image in seen] == [True] * 3


@pytest.mark.parametrize("cls", [HourglassCrop, PersonCrop])
def test_is_registered(cls):
    built = TRANSFORMS.build(dict(type=cls.__name__, input_size=(256, 256)))
    assert type(built) is cls
    assert repr(built).startswith(f"{cls.__name__}(input_size=(256, 256)")


@pytest.mark.parametrize("kind", [PersonCrop, HourglassCrop])
@pytest.mark.parametrize("use_udp", [False, True])
def test_images_wider_than_opencv_takes_give_the_crops_of_smaller_ones(kind, use_udp):
    if use_udp and kind is HourglassCrop:
        pytest.skip("HourglassCrop has no UDP")
    rng = np.random.default_rng(0)
    part = cv2.GaussianBlur(rng.integers(0, 256, (240, 300, 3), np.uint8), (9, 9), 3)
    for start, width in ((0, 32_767), (39_700, 40_000)):
        wide = np.zeros((240, width, 3), np.uint8)
        wide[:, start : start + 300] = part
        settings = dict(use_udp=True) if use_udp else {}
        found, expected = (
            kind(input_size=(64, 64), **settings).transform(
                dict(
                    img=image,
                    bbox_center=CENTER + np.array([left, 0]),
                    bbox_scale=np.array([[180.0, 200.0]]),
                    bbox_rotation=np.array([20.0]),
                    keypoints=CENTER[None] + np.array([left, 0]),
                )
            )
            for image, left in ((wide, start), (part, 0))
        )
        assert np.abs(found["img"].astype(int) - expected["img"]).max() <= 2
        for name in ("transformed_keypoints", "bbox_scale", "input_scale"):
            np.testing.assert_allclose(found[name], expected[name], atol=2e-3)  # float32
        np.testing.assert_allclose(found["input_center"], expected["input_center"] + [start, 0])
