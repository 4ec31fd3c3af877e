"""Files of predictions: every kind and axis order gives the same people, hostile ones a message."""

import json
import os
import pickle

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mmhg.errors import InputError
from mmhg.results.prediction_files import check_count, one_pixel_off, read_predictions

PEOPLE = np.random.default_rng(0).uniform(1, 500, (5, 16, 2))


def write_h5(path, array, name="preds"):
    with h5py.File(path, "w") as file:
        file[name] = array


def dumped(ids, joints):
    return [
        {"id": number, "pred_instances": {"keypoints": points[None] - 1.0}}
        for number, points in zip(ids, joints, strict=True)
    ]


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("suffix", [".h5", ".mat"])
def test_any_axis_order(tmp_path, axes, suffix):
    path = tmp_path / f"preds{suffix}"
    array = PEOPLE.transpose(axes)
    write_h5(path, array) if suffix == ".h5" else savemat(path, {"preds": array})
    found = read_predictions(path).joints
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, PEOPLE)


@pytest.mark.parametrize(
    ("count", "shape", "orders", "clear"),
    [
        (2, (2, 16, 2), r"\(people, 16, 2\) or \(2, 16, people\)", (0, 2, 1)),
        (16, (16, 2, 16), r"\(people, 2, 16\) or \(16, 2, people\)", (0, 1, 2)),
    ],
)
def test_as_many_people_as_another_axis(tmp_path, count, shape, orders, clear):
    path = tmp_path / "preds.h5"
    write_h5(path, np.zeros(shape))
    with pytest.raises(InputError, match=rf"preds\.h5: 'preds' of shape .* may be {orders}\. Tran"):
        read_predictions(path)
    people = np.random.default_rng(0).random((count, 16, 2))
    write_h5(path, people.transpose(clear))
    np.testing.assert_array_equal(read_predictions(path).joints, people)
    write_h5(path, people[:1].transpose(2, 1, 0))  # MPII's own order, of one person
    np.testing.assert_array_equal(read_predictions(path).joints, people[:1])


def test_dump_is_ordered_by_id_each_once_and_one_based(tmp_path):
    order = [3, 0, 4, 2, 1, 0, 3]
    people = dumped(order, PEOPLE[order])
    people[-1]["pred_instances"]["keypoints"] += 50  # a sampler's padding: the first counts
    (tmp_path / "preds.pkl").write_bytes(pickle.dumps(people))
    np.testing.assert_allclose(read_predictions(tmp_path / "preds.pkl").joints, PEOPLE)

    people = [
        {"id": i, "keypoints": [[x - 1, y - 1, 0.5] for x, y in PEOPLE[i]]} for i in order[:5]
    ]
    (tmp_path / "preds.json").write_text(json.dumps(people))
    np.testing.assert_allclose(read_predictions(tmp_path / "preds.json").joints, PEOPLE)


def test_scales_of_multi_scale_testing(tmp_path):
    people = [person | {"test_scales": (1.0, 1.25)} for person in dumped([0, 1], PEOPLE[:2])]
    (tmp_path / "preds.pkl").write_bytes(pickle.dumps(people))
    assert read_predictions(tmp_path / "preds.pkl").scales == "multi-scale 1 1.25"
    del people[0]["test_scales"]
    (tmp_path / "preds.pkl").write_bytes(pickle.dumps(people))
    with pytest.raises(InputError, match="made in different ways"):
        read_predictions(tmp_path / "preds.pkl")


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_a_pickle_that_would_run_code_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "preds.pkl").write_bytes(pickle.dumps([Hostile()]))
    with pytest.raises(InputError, match=r"posix\.mkdir|nt\.mkdir"):
        read_predictions("preds.pkl")
    assert not (tmp_path / "ran").exists()


def test_bad_files(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5 do not exist"):
        read_predictions(tmp_path / "none.h5")
    (tmp_path / "preds.txt").write_text("1 2")
    with pytest.raises(InputError, match=r"\.h5, \.mat.*got '\.txt'"):
        read_predictions(tmp_path / "preds.txt")
    for suffix in (".h5", ".mat", ".pkl", ".json"):
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(b"\x89HDF\r\n\x1a\nno more")
        with pytest.raises(InputError, match=f"damaged{suffix} cannot be read"):
            read_predictions(path)

    write_h5(tmp_path / "other.h5", PEOPLE, name="pred")
    with pytest.raises(InputError, match=r"no dataset 'preds', only \['pred'\]"):
        read_predictions(tmp_path / "other.h5")
    savemat(tmp_path / "other.mat", {"pred": PEOPLE})
    with pytest.raises(InputError, match=r"no variable 'preds', only \['pred'\]"):
        read_predictions(tmp_path / "other.mat")
    write_h5(tmp_path / "shape.h5", PEOPLE[:, :14])
    with pytest.raises(InputError, match=r"got float64 of shape \(5, 14, 2\)"):
        read_predictions(tmp_path / "shape.h5")
    (tmp_path / "dict.json").write_text("{}")
    with pytest.raises(InputError, match="must be a list of people, got dict"):
        read_predictions(tmp_path / "dict.json")
    (tmp_path / "lacks.json").write_text('[{"id": 1}]')
    with pytest.raises(InputError, match=r"entry 0 \(from 0\) is not a person.*keypoints"):
        read_predictions(tmp_path / "lacks.json")


def test_nan_names_the_person(tmp_path):
    people = PEOPLE.copy()
    people[3, 2, 1] = np.nan
    write_h5(tmp_path / "preds.h5", people)
    with pytest.raises(InputError, match=r"person 3 \(from 0\) has a coordinate that is not fin"):
        read_predictions(tmp_path / "preds.h5")


def test_wrong_count_guesses_the_split():
    check_count("p.h5", np.zeros((3, 16, 2)), "gt.mat", 3)
    with pytest.raises(InputError, match=r"have 11731 people .as MPII's test split.* has 2958"):
        check_count("p.h5", np.zeros((11731, 16, 2)), "gt.mat", 2958)
    with pytest.raises(InputError, match=r"p\.h5 have 7 people, but gt\.mat has 2958"):
        check_count("p.h5", np.zeros((7, 16, 2)), "gt.mat", 2958)


@pytest.mark.parametrize("shift", [(0, 0), (-1, -1), (1, 1), (-1, 1), (-1, 0), (3, 3)])
def test_one_pixel_off(shift):
    rng = np.random.default_rng(0)
    offsets = rng.normal(0, 3, (200, 16, 2)) + shift
    offsets[:50] += 500  # gross errors tell nothing about the origin
    offsets[60:80, 3] = np.nan
    found = one_pixel_off(offsets, np.full(200, 40.0))
    if shift in ((-1, -1), (1, 1)):
        assert found == pytest.approx(shift, abs=0.3)
    else:
        assert found is None


def test_one_pixel_off_without_a_joint_near():
    assert one_pixel_off(np.full((2, 16, 2), 900.0), np.full(2, 40.0)) is None
