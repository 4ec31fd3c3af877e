"""The authors' crop: its mapping there and back, for boxes and inputs of any shape."""

import numpy as np
import pytest
from mmpose.registry import TRANSFORMS

from mmhg.datasets import HourglassCrop

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
def test_the_boxs_centre_falls_on_the_middle_of_the_input(size, middle, angle):
    results = crop(size, joints=CENTER, angle=angle)
    np.testing.assert_allclose(results["transformed_keypoints"][0, 0], middle, atol=1e-4)
    np.testing.assert_array_equal(results["bbox_center"], CENTER)


def test_the_input_covers_the_box():
    """From half a pixel before its first pixel to half a pixel after its last."""
    corners = CENTER + np.array([[-100.0, -100.0], [100.0, 100.0]])
    results = crop(joints=corners)
    np.testing.assert_allclose(
        results["transformed_keypoints"][0], [[-0.5] * 2, [255.5] * 2], atol=1e-4
    )


@pytest.mark.parametrize("size", [(256, 256), (192, 256)])
@pytest.mark.parametrize("scale", [(200.0, 200.0), (150.0, 60.0), (20.0, 180.0)])
def test_mmpose_maps_back_by_what_is_set(size, scale):
    """As `TopdownPoseEstimator.add_pred_to_datasample` does."""
    joints = np.random.default_rng(0).uniform(0, 240, (16, 2))
    results = crop(size, scale, joints)
    scale, center = results["input_scale"], results["input_center"]
    back = results["transformed_keypoints"] / size * scale + center - 0.5 * scale
    np.testing.assert_allclose(back[0], joints, atol=1e-3)


def test_outside_of_the_image_is_black():
    image = crop(scale=(600.0, 600.0))["img"]
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[128, 128].tolist() == [200, 200, 200]


def test_is_registered():
    built = TRANSFORMS.build(dict(type="HourglassCrop", input_size=(256, 256)))
    assert repr(built) == "HourglassCrop(input_size=(256, 256))"
