"""Arrays in any order of axes and of joints."""

import re

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mmhg.datasets.formats.flic import JOINTS as FLIC
from mmhg.errors import InputError
from mmhg.results.scoring.joint_orders import ORDERS
from mmhg.results.scoring.predictions import read_predicted
from mmhg.results.scoring.records import Truth

PEOPLE = 30
RNG = np.random.default_rng(0)
TRUTH_POINTS = RNG.uniform(0, 300, (PEOPLE, 11, 2))
TRUTH = Truth(
    kind="FLIC",
    file="valid.h5",
    names=FLIC,
    keypoints=TRUTH_POINTS,
    labeled=np.ones((PEOPLE, 11), bool),
    origin=1,
    ids=range(PEOPLE),
    images=[("a.jpg", None)] * PEOPLE,
    sizes={"torso": np.full(PEOPLE, 100.0)},
    sides="observer-centric",
)
PREDICTED = TRUTH_POINTS + RNG.normal(0, 5, TRUTH_POINTS.shape)


def write(path, array, name="preds"):
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".mat":
        savemat(path, {name: array})
    else:
        with h5py.File(path, "w") as file:
            file[name] = array
    return str(path)


def in_order(joints, points=PREDICTED):
    columns = [
        points[:, FLIC.index(joint)] if joint in FLIC else RNG.uniform(0, 300, (PEOPLE, 2))
        for joint in joints
    ]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(
    ("suffix", "axes"),
    [
        (".h5", (2, 1, 0)),
        *((".mat", axes) for axes in [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)]),
        (".npy", (1, 2, 0)),
    ],
)
def test_any_order_of_axes(tmp_path, suffix, axes):
    path = write(tmp_path / f"p{suffix}", PREDICTED.transpose(axes), "pred")
    found = read_predicted(path, TRUTH)
    np.testing.assert_array_equal(found.keypoints, PREDICTED)
    assert found.covered.all() and found.confidences is None
    assert found.notes == [] and found.doubts == []


@pytest.mark.parametrize("order", [order for order in ORDERS if order != "FLIC's"])
def test_published_orders_of_joints_are_recognized(tmp_path, order):
    joints = ORDERS[order]
    found = read_predicted(write(tmp_path / "p.mat", in_order(joints), "pred"), TRUTH)
    known = np.isin(FLIC, joints)
    np.testing.assert_array_equal(found.covered, known)
    np.testing.assert_array_equal(found.keypoints[:, known], PREDICTED[:, known])
    assert np.isnan(found.keypoints[:, ~known]).all()
    assert f"{len(joints)} joints in {order} order" in found.notes[0]


def test_chens_structs(tmp_path):
    joints = in_order(ORDERS["Chen and Yuille's"])
    structs = np.empty(PEOPLE, dtype=[("joints", object)])
    structs["joints"] = [*joints]
    savemat(tmp_path / "chen.mat", {"ests": structs})
    found = read_predicted(str(tmp_path / "chen.mat"), TRUTH)
    np.testing.assert_array_equal(found.keypoints[:, 10], PREDICTED[:, 10])
    assert found.covered.sum() == 9


def test_confidences_beside_the_coordinates(tmp_path):
    scores = RNG.random((PEOPLE, 11, 1))
    for columns in ([PREDICTED, scores], [PREDICTED, PREDICTED / 4, scores]):
        found = read_predicted(write(tmp_path / "p.npy", np.concatenate(columns, 2)), TRUTH)
        np.testing.assert_array_equal(found.confidences, scores[..., 0])
        np.testing.assert_array_equal(found.keypoints, PREDICTED)


def test_joints_that_a_file_fills_with_zeros_are_not_scored(tmp_path):
    points = PREDICTED.copy()
    points[:, 8:10] = 0
    found = read_predicted(write(tmp_path / "p.npy", points), TRUTH)
    assert found.covered.tolist() == [True] * 8 + [False, False, True]
    assert "the same point for everybody" in found.notes[0]
    assert found.notes[0].endswith("no predictions: left_eye, right_eye")


def test_nan_is_a_missed_keypoint(tmp_path):
    points = PREDICTED.copy()
    points[3, 2, 1] = np.nan
    found = read_predicted(write(tmp_path / "p.npy", points), TRUTH)
    assert np.isnan(found.keypoints[3, 2]).any()
    with pytest.raises(InputError, match=r"have nothing for any label of valid\.h5"):
        read_predicted(write(tmp_path / "p.npy", points * np.nan), TRUTH)


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        (lambda points: points[..., ::-1], "fits the ground truth with x and y exchanged"),
        (lambda points: points - 1, "off by a median of .* are its pixels 0-based"),
        (
            lambda points: points[:, [3, 4, 5, 0, 1, 2, 7, 6, 9, 8, 10]],
            "with left and right exchanged",
        ),
        (lambda points: np.roll(points, 1, axis=0), "Is it of other people, in another order"),
        (
            lambda points: np.concatenate(
                [points[:4, [3, 4, 5, 0, 1, 2, 7, 6, 9, 8, 10]], points[4:]]
            ),
            "4 of 30 people fit with left and right exchanged. Is the file person-centric",
        ),
    ],
)
def test_doubts(tmp_path, change, doubt):
    small = TRUTH_POINTS + RNG.normal(0, 0.3, TRUTH_POINTS.shape)
    found = read_predicted(write(tmp_path / "p.npy", change(small)), TRUTH)
    assert len(found.doubts) == 1
    assert re.search(doubt, found.doubts[0])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (PREDICTED[:29], r"have 29 people \('the array' of shape \(29, 11, 2\)\), but .* has 30"),
        (PREDICTED[:, :5], "of shape .30, 5, 2. has no axis of 30 people beside one of"),
        (np.zeros((30, 11, 2), complex), "must be numbers"),
        (np.zeros(9), "must be numbers of shape"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, array, message):
    with pytest.raises(InputError, match=message):
        read_predicted(write(tmp_path / "preds.npy", array), TRUTH)


def test_a_pickled_npy_is_not_run(tmp_path):
    np.save(tmp_path / "p.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"p\.npy is not a \.npy file of numbers"):
        read_predicted(str(tmp_path / "p.npy"), TRUTH)
    for name in ("p.pkl", "p.pickle"):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(InputError, match="a pickle is a program"):
            read_predicted(str(tmp_path / name), TRUTH)
    with pytest.raises(InputError, match=r"none\.h5 do not exist"):
        read_predicted(str(tmp_path / "none.h5"), TRUTH)
    with pytest.raises(InputError, match="it has \\['other'\\], none of preds"):
        read_predicted(write(tmp_path / "o.h5", PREDICTED, "other"), TRUTH)
