"""Which files make which splits."""

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mmhg.datasets import MPIIPersonDataset
from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST, read_split_list, write_splits
from mmhg.datasets.mpii_sources import read_splits, read_val_list
from mmhg.errors import InputError

REAL = Path(os.environ.get("MMHG_SHARED_DATA", "")) / "mpii/valid.h5"


@pytest.fixture
def authors_file(tmp_path):
    """Writes one person of the authors' form into `name` and gives the path."""

    def write(name, image):
        with h5py.File(tmp_path / name, "w") as file:
            file["imgname"] = np.array([image.encode()])
            file["person"] = [1.0]
            file["center"] = [[150.0, 240.0]]
            file["scale"] = [2.5]
            file["part"] = np.arange(32.0).reshape(1, 16, 2) + 10
            file["visible"] = np.ones((1, 16))
            file["normalize"] = [42.0]
        return tmp_path / name

    return write


def test_splits_by_name_and_trainval_of_both(authors_file):
    paths = [authors_file(f"{name}.h5", f"{name}.jpg") for name in ("train", "valid", "test")]
    splits, left_out = read_splits(paths)
    images = {split: [person.image for person in people] for split, people in splits.items()}
    assert images == {
        "train": ["train.jpg"],
        "val": ["valid.jpg"],
        "trainval": ["train.jpg", "valid.jpg"],
        "test": ["test.jpg"],
    }
    assert not left_out


def test_the_dataset_adjusts_what_was_converted_once(authors_file, tmp_path):
    """valid.h5 has the authors' crop: the box that the dataset makes is the very same."""
    splits, _ = read_splits([authors_file("valid.h5", "1.jpg")])
    write_splits(splits, tmp_path / "out")
    dataset = MPIIPersonDataset(ann_file=str(tmp_path / "out/mpii_val.json"), test_mode=True)
    person = dataset.get_data_info(0)
    x1, y1, x2, y2 = person["bbox"][0]
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == (149.0, 239.0)  # 0-based
    assert (x2 - x1) * 1.25 == pytest.approx(200 * 2.5)
    assert person["head_size"] == 42.0
    assert person["keypoints"][0, 0].tolist() == [9.0, 10.0]


def test_mmposes_json_gets_head_boxes(make_person, annotation_file, tmp_path):
    people = [make_person(image="a.jpg"), make_person(image="b.jpg", center=[-1, -1], scale=-1)]
    people[0]["joints"] = [[float(k), k + 1.0] for k in range(16)]
    people[1]["joints"] = [[k + 2.0, 9.0] for k in range(16)]
    path = Path(annotation_file(people))
    truth = tmp_path / "mpii_gt_val.mat"
    boxes = np.array([[[1, 2], [31, 42]], [[5, 6], [7, 8]]], dtype=float).transpose(1, 2, 0)
    joints = np.array([person["joints"] for person in people]).transpose(1, 2, 0)
    savemat(
        truth,
        {"headboxes_src": boxes, "pos_gt_src": joints, "jnt_missing": np.zeros((16, 2))},
    )
    splits, left_out = read_splits([path], head_boxes=truth)
    (person,) = splits["val"]
    assert person.head_box.tolist() == [1.0, 2.0, 31.0, 42.0]
    assert (person.center.tolist(), person.scale) == ([151.0, 121.0], 0.8)
    assert person.keypoints.tolist() == people[0]["joints"]
    assert dict(left_out) == {("train", "without center or scale, hence without a crop"): 1}


def test_json_again_changes_nothing(make_person, annotation_file, tmp_path):
    """What the converter writes is MMPose's format, so that it can be read again."""
    extra = {
        "visible": [1, 0, None] + [1] * 13,
        "head_box": [1.0, 2.0, 4.0, 6.0],
        "annolist_index": 3,
        "person_index": 2,
        "single_person": True,
        "activity": {"category": "c", "name": "n", "id": 1},
    }
    splits, _ = read_splits([Path(annotation_file([make_person(**extra)], "mpii_train.json"))])
    write_splits(splits, tmp_path / "out")
    again, _ = read_splits([tmp_path / "out/mpii_train.json"])
    write_splits(again, tmp_path / "again")
    text = (tmp_path / "out/mpii_train.json").read_text()
    assert (tmp_path / "again/mpii_train.json").read_text() == text
    (person,) = json.loads(text)
    assert {key: person[key] for key in extra} == extra
    assert again["train"][0].head_size == pytest.approx(0.6 * 5)


def test_files_that_do_not_go_together(authors_file, annotation_file, make_person, tmp_path):
    valid = authors_file("valid.h5", "a.jpg")
    json_val = Path(annotation_file([make_person()]))
    mat = tmp_path / "release.mat"
    train = authors_file("train.h5", "a.jpg")
    for paths, settings, message in (
        ([mat, valid], {}, r"converted alone; got 2 files"),
        ([mat], {"head_boxes": mat}, r"release\.mat has head boxes of its own"),
        ([valid, json_val], {}, r"people of val were read from another file already"),
        ([tmp_path / "mine.h5"], {}, r"mine\.h5: give MPII's \.mat file, or"),
        ([train], {"head_boxes": mat}, "no file of them is given"),
    ):
        with pytest.raises(InputError, match=message):
            read_splits(paths, **settings)


@pytest.mark.skipif(
    not REAL.is_file(), reason="MMHG_SHARED_DATA does not name a folder with mpii/valid.h5"
)
def test_the_real_file_names_the_usual_validation_people():
    assert read_val_list(REAL) == read_split_list(OFFICIAL_VAL_LIST)
