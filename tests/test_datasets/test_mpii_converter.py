"""The converter reads MPII's people, sorts them into splits and writes these."""

import json
import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mmhg.datasets import MPIIPersonDataset
from mmhg.datasets.formats.mpii_json import to_json
from mmhg.datasets.formats.mpii_mat import ReleaseImage
from mmhg.datasets.mpii_converter import (
    OFFICIAL_VAL_LIST,
    convert,
    read_split_list,
    read_splits,
    read_val_list,
    splits_table,
    write_splits,
)
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError

REAL = Path(os.environ.get("MMHG_SHARED_DATA", "")) / "mpii/valid.h5"
HEAD_BOX = np.array([10.0, 20.0, 40.0, 60.0])
ALL_JOINTS = {k: (50.0 + k, 60.0 + k, k > 1) for k in range(16)}


def made_person(index=1, joints=ALL_JOINTS, **changes):
    """Make a person with `joints` (x, y, visible) by their ids."""
    rows = np.array([joints.get(k, (np.nan,) * 3) for k in range(16)], dtype=float)
    fields = {
        "image": "",
        "keypoints": rows[:, :2],
        "annotated": np.array([k in joints for k in range(16)]),
        "visible": rows[:, 2],
        "center": np.array([100.0, 200.0]),
        "scale": 2.5,
        "head_box": HEAD_BOX,
        "person_index": index,
        "single_person": False,
    }
    return AnnotatedPerson(**(fields | changes))


def made_image(index, *people, is_train=True):
    people = [replace(person, image=f"{index}.jpg", annolist_index=index) for person in people]
    return ReleaseImage(index, f"{index}.jpg", is_train, tuple(people))


def who(people):
    return [(person.image, person.person_index) for person in people]


IMAGES = (
    made_image(1, made_person(1), made_person(2), made_person(3)),
    made_image(2, made_person(1, joints={}, head_box=None), is_train=False),
    made_image(3, made_person(1), made_person(2)),
)


def test_splits():
    """Keep the list's order in validation, and the annotation file's in the other splits."""
    splits, left_out = convert(IMAGES, [("3.jpg", 1), ("1.jpg", 2)], "list")
    assert list(splits) == ["train", "val", "trainval", "test"]
    assert who(splits["val"]) == [("3.jpg", 1), ("1.jpg", 2)]
    assert who(splits["train"]) == [("1.jpg", 1), ("1.jpg", 3), ("3.jpg", 2)]
    assert who(splits["trainval"]) == [
        ("1.jpg", 1),
        ("1.jpg", 2),
        ("1.jpg", 3),
        ("3.jpg", 1),
        ("3.jpg", 2),
    ]
    assert who(splits["test"]) == [("2.jpg", 1)]
    assert not left_out


def test_fields_of_a_person():
    joints = {0: (1.5, 2.5, True), 3: (-4.0, 5.0, False), 9: (7.0, 8.0, None)}
    activity = {"category": "sports", "name": "golf", "id": 7}
    image = made_image(12, made_person(3, joints, single_person=True, activity=activity))
    splits, _ = convert([image], [("12.jpg", 3)], "list")
    person = json.loads(json.dumps(to_json(splits["val"][0])))
    missing = [-1.0, -1.0]
    assert person == {
        "image": "12.jpg",
        "center": [100.0, 200.0],
        "scale": 2.5,
        "joints": [[1.5, 2.5], missing, missing, [-4.0, 5.0], *[missing] * 5, [7.0, 8.0]]
        + [missing] * 6,
        "joints_vis": [1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        "visible": [1, None, None, 0, *[None] * 12],
        "head_box": [10.0, 20.0, 40.0, 60.0],
        "head_size": None,
        "annolist_index": 12,
        "person_index": 3,
        "single_person": True,
        "activity": activity,
    }


def test_person_without_head_box_and_activity():
    person = to_json(convert(IMAGES, [("1.jpg", 1)], "list")[0]["test"][0])
    assert person["head_box"] is None
    assert person["activity"] is None
    assert person["joints_vis"] == [0] * 16


def test_people_left_out():
    images = (
        made_image(
            1,
            made_person(1, scale=np.nan),
            made_person(2, center=None),
            made_person(3, joints={}),
            made_person(4),
            made_person(5, scale=0.0),
        ),
        made_image(2, made_person(1, center=None), made_person(2, joints={}), is_train=False),
    )
    splits, left_out = convert(images, [("1.jpg", 4)], "list")
    assert who(splits["trainval"]) == [("1.jpg", 4)]
    assert who(splits["test"]) == [("2.jpg", 2)]
    assert sum(left_out.values()) == 5
    lines = splits_table(splits, left_out).splitlines()[6:]
    assert lines == [
        "left out of the test images: 1 without center or scale, hence without a crop",
        "left out of the train images: 1 without an annotated joint",
        "left out of the train images: 3 without center or scale, hence without a crop",
    ]


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (("9.jpg", 1), r"9\.jpg 1 \(not in the annotation file\)"),
        (("1.jpg", 4), r"1\.jpg 4 \(not in the annotation file\)"),
        (("2.jpg", 1), r"2\.jpg 1 \(in a test image\)"),
        (("4.jpg", 1), r"4\.jpg 1 \(without center or scale"),
        (("4.jpg", 2), r"4\.jpg 2 \(without an annotated joint"),
        (("5.jpg", 1), r"5\.jpg 1 \(in two images of that name"),
    ],
)
def test_listed_people_who_cannot_be_used(listed, reason):
    images = (
        *IMAGES,
        made_image(4, made_person(1, scale=np.nan), made_person(2, joints={})),
        made_image(5, made_person(1)),
        made_image(5, made_person(1)),
    )
    with pytest.raises(
        InputError, match=rf"my_list names people who cannot be used \(1\): {reason}"
    ):
        convert(images, [("1.jpg", 1), listed], "my_list")


def test_many_people_who_cannot_be_used():
    with pytest.raises(InputError, match=r"be used \(12\): none0.* and 7 more\. --val takes"):
        convert(IMAGES, [(f"none{k}.jpg", 1) for k in range(12)], "list")


def test_splits_table():
    partly = {0: (1.0, 1.0, True), 1: (1.0, 1.0, False), 2: (1.0, 1.0, None)}
    images = (
        made_image(1, made_person(1), made_person(2, joints=partly, head_box=None)),
        IMAGES[1],
    )
    header, _, *rows = splits_table(*convert(images, [("1.jpg", 2)], "list")).splitlines()
    columns = ["people", "images", "joints", "visible", "occluded", "unknown", "head", "sizes"]
    assert header.split() == ["split", *columns]
    assert [row.split() for row in rows] == [
        ["train", "1", "1", "16", "14", "2", "0", "1"],
        ["val", "1", "1", "3", "1", "1", "1", "0"],
        ["trainval", "2", "1", "19", "15", "3", "1", "1"],
        ["test", "1", "1", "0", "0", "0", "0", "0"],
    ]


def test_written_files_load(tmp_path):
    splits, _ = convert(IMAGES, [("3.jpg", 1), ("1.jpg", 2)], "list")
    write_splits(splits, tmp_path / "deep/annotations")
    assert sorted(path.name for path in (tmp_path / "deep").rglob("*")) == [
        "annotations",
        "mpii_test.json",
        "mpii_train.json",
        "mpii_trainval.json",
        "mpii_val.json",
    ]
    folder = tmp_path / "deep/annotations"
    val = MPIIPersonDataset(str(folder / "mpii_val.json"), test_mode=True)
    assert [sample["img_id"] for sample in val] == [3, 1]
    assert val[0]["keypoints"][0, 2].tolist() == [51, 61]  # 52, 62 in the .mat
    assert val[0]["head_size"].item() == 30
    assert val[0]["visible"].tolist() == [[0, 0] + [1] * 14]
    assert len(MPIIPersonDataset(str(folder / "mpii_train.json"))) == 3
    test = MPIIPersonDataset(str(folder / "mpii_test.json"), test_mode=True)
    assert not test[0]["keypoints_visible"].any()


def test_writing_over_older_files(tmp_path):
    (tmp_path / "mpii_val.json").write_text("old")
    (tmp_path / "mpii_gt_val.mat").write_text("not ours")
    write_splits({"val": [made_person(image="new")]}, tmp_path)
    (person,) = json.loads((tmp_path / "mpii_val.json").read_text())
    assert person["image"] == "new"
    assert (tmp_path / "mpii_gt_val.mat").read_text() == "not ours"


def test_failure_leaves_no_output(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_splits({"train": [], "val": [made_person(scale=np.nan)]}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"cannot write to .*out"):
        write_splits({"val": []}, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_split_list(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("# comment\n\n b c.jpg 2  # trailing\na.jpg 11\n")
    assert read_split_list(path) == [("b c.jpg", 2), ("a.jpg", 11)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg 1\na.jpg", r"list\.txt, line 2: expected 'IMAGE_NAME PERSON_INDEX'"),
        ("a.jpg 0", "line 1: .*index from 1, got 'a.jpg 0'"),
        ("a.jpg one", "line 1: expected"),
        ("a.jpg -1", "line 1: expected"),
        ("a.jpg 1\nb.jpg 1\na.jpg 1", "line 3: 'a.jpg 1' is also in line 1"),
        ("# no person", "is empty"),
    ],
)
def test_split_list_of_another_form(tmp_path, text, message):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_split_list(tmp_path / "list.txt")


def test_missing_split_list(tmp_path):
    with pytest.raises(InputError, match=r"cannot read the split list .*none\.txt"):
        read_split_list(tmp_path / "none.txt")


def test_official_validation_people():
    """Compare the first and the last person and the number of people with mpii_gt_val.mat."""
    people = read_split_list(OFFICIAL_VAL_LIST)
    assert len(people) == 2958
    assert len({name for name, _ in people}) == 2729
    assert people[:2] == [("005808361.jpg", 1), ("052475643.jpg", 1)]
    assert max(index for _, index in people) == 11


@pytest.fixture
def authors_file(tmp_path):
    """Write one person of the authors' form into `name` and give the path."""

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
    """Get the authors' crop of valid.h5 as the dataset's box."""
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
    """Read again what the converter wrote, which is MMPose's format."""
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
        ([mat, valid], {}, r"converted alone, got 2 files"),
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
