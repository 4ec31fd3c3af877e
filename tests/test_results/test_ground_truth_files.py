"""Every kind of ground truth gives the same people."""

import json

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mmhg.errors import InputError
from mmhg.results.ground_truth_files import read_ground_truth

RNG = np.random.default_rng(0)
JOINTS = RNG.uniform(2, 400, (3, 16, 2))
ANNOTATED = RNG.random((3, 16)) < 0.7
VISIBLE = np.where(ANNOTATED, RNG.random((3, 16)) < 0.8, np.nan)
BOXES = np.array([[10, 20, 40, 60], [0, 0, 6, 8], [5, 5, 35, 45]], float)
HEADS = [30.0, 6.0, 30.0]


def write_json(path, **changes):
    people = [
        dict(
            image="a.jpg",
            center=[1.0, 2.0],
            scale=1.0,
            joints=JOINTS[i].tolist(),
            joints_vis=ANNOTATED[i].astype(int).tolist(),
            visible=[None if np.isnan(flag) else int(flag) for flag in VISIBLE[i]],
            head_box=BOXES[i].tolist(),
            **changes,
        )
        for i in range(3)
    ]
    path.write_text(json.dumps(people))
    return people


def check(truth, *, visible=VISIBLE, joints=JOINTS):
    np.testing.assert_array_equal(truth.annotated, ANNOTATED)
    np.testing.assert_array_equal(truth.joints[ANNOTATED], joints[ANNOTATED])
    np.testing.assert_array_equal(truth.visible, visible)
    np.testing.assert_allclose(truth.head_sizes, HEADS)


def test_json(tmp_path):
    write_json(tmp_path / "val.json")
    truth = read_ground_truth(tmp_path / "val.json")
    check(truth)
    assert truth.note == ""


def test_json_without_head_boxes(tmp_path):
    people = write_json(tmp_path / "val.json")
    for person in people:
        del person["head_box"]
    (tmp_path / "val.json").write_text(json.dumps(people))
    with pytest.raises(InputError, match=r"val\.json has no head boxes.*mpii_gt_val"):
        read_ground_truth(tmp_path / "val.json")


def test_mpii_gt_val(tmp_path):
    savemat(
        tmp_path / "gt.mat",
        {
            "jnt_missing": (~ANNOTATED).T.astype(float),
            "pos_gt_src": JOINTS.transpose(1, 2, 0),
            "headboxes_src": BOXES.reshape(3, 2, 2).transpose(1, 2, 0),
        },
    )
    check(read_ground_truth(tmp_path / "gt.mat"), visible=np.full((3, 16), np.nan))


def test_valid_h5_says_that_it_is_truncated(tmp_path):
    truncated = np.floor(JOINTS)
    with h5py.File(tmp_path / "valid.h5", "w") as file:
        file["imgname"] = np.array([b"a.jpg"] * 3)
        file["person"] = np.zeros(3)
        file["center"] = np.ones((3, 2))
        file["scale"] = np.ones(3)
        file["part"] = np.where(ANNOTATED[..., None], truncated, 0)
        file["visible"] = np.nan_to_num(VISIBLE)
        file["normalize"] = HEADS
    truth = read_ground_truth(tmp_path / "valid.h5")
    check(truth, joints=truncated)
    assert "truncated to integers" in truth.note


def test_bad_files(tmp_path):
    with pytest.raises(InputError, match=r"no\.mat does not exist"):
        read_ground_truth(tmp_path / "no.mat")
    for name, message in (("a.mat", "is not a MATLAB file"), ("b.h5", "is not an HDF5 file")):
        (tmp_path / name).write_bytes(b"x" * 300)
        with pytest.raises(InputError, match=f"{name} {message}"):
            read_ground_truth(tmp_path / name)
    savemat(tmp_path / "other.mat", {"preds": JOINTS})
    with pytest.raises(InputError, match=r"neither mpii_gt_val\.mat nor.*\['preds'\]"):
        read_ground_truth(tmp_path / "other.mat")
    with h5py.File(tmp_path / "test.h5", "w") as file:
        file["part"] = JOINTS
    with pytest.raises(
        InputError, match=r"test\.h5.*lacks imgname, center, scale, visible, normalize, person"
    ):
        read_ground_truth(tmp_path / "test.h5")
