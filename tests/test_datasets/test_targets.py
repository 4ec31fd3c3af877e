"""The paper's codec gives all-zero targets for missing joints; the loss relies on it."""

import numpy as np
import pytest

from mmhg.datasets import MPIIPersonDataset


@pytest.fixture
def targets(annotation_file, make_person, tmp_path, picture):
    """Make heatmaps (16, 64, 64) and weights (16,) of one person."""

    def targets(**changes):
        picture()
        dataset = MPIIPersonDataset(
            annotation_file([make_person(**changes)]),
            data_root=str(tmp_path),
            data_prefix={"img": "images/"},
            pipeline=[
                {"type": "LoadWholeImage"},
                {"type": "GetBBoxCenterScale"},
                {"type": "HourglassCrop", "input_size": (256, 256)},
                {
                    "type": "GenerateTarget",
                    "encoder": {
                        "type": "HourglassHeatmap",
                        "input_size": (256, 256),
                        "heatmap_size": (64, 64),
                        "sigma": 1,
                    },
                },
                {"type": "PackPoseInputs"},
            ],
        )
        sample = dataset[0]["data_samples"]
        weights = sample.gt_instance_labels.keypoint_weights[0]
        return sample.gt_fields.heatmaps.numpy(), weights.numpy()

    return targets


def test_gaussian_of_amplitude_one_at_the_joint(targets):
    """Put a joint at the center (150, 132) of a box of side 200: heatmap pixel (32, 32)."""
    heatmaps, weights = targets(joints=[[151.0, 133.0]] * 16)
    assert heatmaps.shape == (16, 64, 64)
    assert weights.tolist() == [1] * 16
    row = np.exp(-(np.arange(-3, 4) ** 2) / 2)
    np.testing.assert_allclose(heatmaps[0, 32, 29:36], row, rtol=1e-6)
    np.testing.assert_allclose(heatmaps[0, 29:36, 32], row, rtol=1e-6)
    assert heatmaps[0, 32, 28] == 0


def test_joint_without_annotation_has_an_empty_target(targets):
    flags = [0] + [1] * 15
    heatmaps, weights = targets(joints=[[151.0, 133.0]] * 16, joints_vis=flags)
    assert weights.tolist() == flags
    assert heatmaps.max(axis=(1, 2)).tolist() == flags


def test_joint_outside_of_the_crop_has_an_empty_target(targets):
    joints = [[2000.0, 133.0]] + [[151.0, 133.0]] * 15
    heatmaps, weights = targets(joints=joints)
    assert weights.tolist() == [0] + [1] * 15
    assert heatmaps[0].max() == 0
