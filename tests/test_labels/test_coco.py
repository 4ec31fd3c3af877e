"""COCO's keypoints, as several tools write them."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from label_files import assert_same, coco_content, without_boxes, write_coco
from mmhg.errors import InputError
from mmhg.labels import Labels, read_labels

Change = Callable[[dict[str, Any]], Any]


def written(truth: Labels, folder: Path, change: Change) -> Path:
    content = coco_content(truth)
    change(content)
    file = folder / "labels.json"
    file.write_text(json.dumps(content))
    return file


def test_the_truth_is_read(truth: Labels, tmp_path: Path) -> None:
    drawn = replace(truth, skeleton=[(0, 1), (15, 3)])
    file = write_coco(drawn, tmp_path / "labels.json")
    labels = read_labels(file, images=truth.root / "images")
    assert_same(labels, truth)
    assert (labels.format, labels.category, labels.flip_pairs) == ("coco", "person", None)
    assert labels.skeleton == [(0, 1), (15, 3)]
    assert labels.notes == [] and labels.root == truth.root / "images"
    assert {image.split for image in labels.images} == {None}
    assert labels.images[1].objects[1].area == 100


def test_without_boxes(truth: Labels, tmp_path: Path) -> None:
    file = write_coco(without_boxes(truth), tmp_path / "labels.json")
    assert_same(read_labels(file, images=truth.root / "images"), without_boxes(truth))


def test_people_without_a_box_among_others_with_one_stay(truth: Labels, tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        del content["annotations"][0]["bbox"]
        content["annotations"][1]["bbox"][2] = 0

    labels = read_labels(written(truth, tmp_path, change), images=truth.root / "images")
    boxes = [one.box is not None for image in labels.images for one in image.objects]
    assert boxes == [False, False, True]
    assert labels.notes == ["1 boxes of labels.json have no width or no height. They are left out."]


def test_crowds_other_categories_and_flags(truth: Labels, tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        people = content["annotations"]
        people[2]["iscrowd"] = 1
        people[0]["keypoints"][3:6] = [12.0, 13.0, 0]
        content["categories"].append(dict(id=2, name="ball"))
        people.append(dict(id=9, image_id=1, category_id=2, bbox=[1, 1, 5, 5], area=25))

    labels = read_labels(written(truth, tmp_path, change), images=truth.root / "images")
    assert [len(image.objects) for image in labels.images] == [1, 1]
    assert not labels.images[0].objects[0].labeled[1]
    assert labels.notes == [
        "1 annotations of labels.json are of other categories. They are left out.",
        "1 annotations of labels.json are crowds (iscrowd). They are left out.",
        "1 keypoints of labels.json have a place, but flag 0 (not labeled). They are left out.",
    ]


def test_categories_of_the_same_keypoints_are_one(truth: Labels, tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        (person,) = content["categories"]
        content["categories"].append(person | dict(id=2, name="child"))
        content["annotations"][0]["category_id"] = 2

    labels = read_labels(written(truth, tmp_path, change), images=truth.root / "images")
    assert_same(labels, truth)
    assert labels.category == "object"
    assert labels.notes == [
        "The categories child, person have the same keypoints, and are one here."
    ]


def test_keypoints_without_names_are_numbered(truth: Labels, tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        del content["categories"][0]["keypoints"]

    labels = read_labels(written(truth, tmp_path, change), images=truth.root / "images")
    assert labels.keypoints[15] == "keypoint_16"
    assert labels.notes == [
        "labels.json does not name its keypoints: they are called keypoint_1 to keypoint_16."
    ]


@pytest.mark.parametrize(
    ("skeleton", "expected", "left_out"),
    [
        ([[1, 2], [16, 1]], [(0, 1), (15, 0)], 0),
        ([[0, 1], [15, 1]], [(0, 1), (15, 1)], 0),  # counted from 0
        ([[1, 2], [1, 99], "x", [1, 1], [True, 2]], [(0, 1)], 4),
        (None, [], 0),
        ("lines", [], 0),
    ],
)
def test_skeleton(
    truth: Labels, tmp_path: Path, skeleton: Any, expected: list[Any], left_out: int
) -> None:
    def change(content: dict[str, Any]) -> None:
        content["categories"][0]["skeleton"] = skeleton

    labels = read_labels(written(truth, tmp_path, change), images=truth.root / "images")
    assert labels.skeleton == expected
    said = f"{left_out} of 5 lines of the skeleton are left out"
    assert [said in note for note in labels.notes] == [True] * (left_out > 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["categories"][0].update(keypoints=["a", "b"]), "names 2 keypoints, but .* 16"),
        (lambda c: c["categories"][0].update(keypoints=["a"] * 16), "two keypoints called 'a'"),
        (lambda c: c["categories"][0].update(keypoints=[1] * 16), "must be a list of names"),
        (lambda c: c["annotations"][0].update(keypoints=[float("nan")] * 48), "annotation 1: keyp"),
        (lambda c: c["annotations"][1].update(keypoints=[1e7, 1, 2] * 16), "annotation 2: keyp"),
        (lambda c: c["annotations"][1].update(bbox=["a", 1, 1, 1]), "annotation 2: bbox must be"),
        (lambda c: c["images"][0].pop("file_name"), "image 1 lacks file_name"),
        (lambda c: c.update(annotations=[]), "no annotation with keypoints"),
        (lambda c: c["images"][0].update(width=99), r"image 1 .* is 99 x \d+ px by the label"),
        (lambda c: c["images"][1].update(file_name="x/lost.jpg"), "1 of 2 pictures are missing, t"),
        (lambda c: c["images"][1].update(file_name="000000001.jpg"), "for both of which there is"),
        (lambda c: c["images"][1].update(file_name="../" * 9 + "etc/passwd"), "1 of 2 pictures"),
        (lambda c: c["images"][1].update(file_name="a\0.jpg"), "1 of 2 pictures are missing"),
    ],
)  # fmt: skip
def test_refused(truth: Labels, tmp_path: Path, change: Change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(written(truth, tmp_path, change), images=truth.root / "images")


def test_categories_of_different_keypoints_are_refused(truth: Labels, tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        dog = dict(id=2, name="dog", keypoints=["nose", "tail"])
        content["categories"].append(dog)
        one = deepcopy(content["annotations"][0])
        content["annotations"].append(
            one | dict(id=9, category_id=2, keypoints=[9, 9, 2, 8, 8, 2], num_keypoints=2)
        )

    with pytest.raises(InputError, match=r"categories with different keypoints: person, dog"):
        read_labels(written(truth, tmp_path, change), images=truth.root / "images")


def test_json_that_is_cut_or_deep(truth: Labels, tmp_path: Path) -> None:
    file = write_coco(truth, tmp_path / "labels.json")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"labels.json is not JSON"):
        read_labels(file)
    file.write_text('{"images": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(InputError, match=r"labels.json is nested too deeply"):
        read_labels(file)


# Where the pictures are


def put(truth: Labels, folder: Path, names: dict[int, str]) -> None:
    for number, name in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(truth.images[number].path, folder / name)


@pytest.mark.parametrize(
    ("file", "listed", "lies"),
    [
        ("labels.json", "{}", "{}"),
        ("labels.json", "{}", "images/{}"),
        ("labels.json", "images/{}", "images/{}"),
        ("labels.json", "/home/me/run 1/{}", "run 1/{}"),
        ("labels.json", "C:\\data\\run 1\\{}", "run 1/{}"),
        ("labels.json", "{}", "deep/er/{}"),
        ("annotations/labels.json", "{}", "images/{}"),
        ("annotations/person_keypoints_default.json", "{}", "images/default/{}"),
        ("annotations/person_keypoints_val2017.json", "{}", "val2017/{}"),
        ("annotations/person_keypoints_val2017.json", "{}", "images/val2017/{}"),
        ("annotations/val.json", "val/{}", "val/{}"),
        ("valid/_annotations.coco.json", "{}", "valid/{}"),
    ],
)
def test_pictures_are_found(
    truth: Labels, tmp_path: Path, file: str, listed: str, lies: str
) -> None:
    content = coco_content(truth)
    for image in content["images"]:
        image["file_name"] = listed.format(image["file_name"])
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(json.dumps(content))
    put(truth, tmp_path, {n: lies.format(one.path.name) for n, one in enumerate(truth.images)})
    labels = read_labels(tmp_path / file)
    assert [image.path for image in labels.images] == [
        tmp_path / lies.format(image.path.name) for image in truth.images
    ]


def test_pictures_of_the_other_split_are_not_taken(truth: Labels, tmp_path: Path) -> None:
    write_coco(truth, tmp_path / "annotations/val.json")
    put(truth, tmp_path, {0: "val/000000001.jpg", 1: "train/000000002.jpg"})
    with pytest.raises(InputError, match=r"1 of 2 pictures are missing, the first is '000000002"):
        read_labels(tmp_path / "annotations/val.json")


def test_a_link_out_of_the_folder_is_not_followed(truth: Labels, tmp_path: Path) -> None:
    file = write_coco(truth, tmp_path / "mine/labels.json")
    put(truth, tmp_path, {0: "mine/000000001.jpg", 1: "secret.jpg"})
    (tmp_path / "mine/000000002.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(InputError, match=r"000000002.jpg is a link to .*secret.jpg, outside of"):
        read_labels(file)


@pytest.mark.parametrize(
    ("train", "val", "folders"),
    [
        (
            "annotations/person_keypoints_train2017.json",
            "annotations/person_keypoints_val2017.json",
            ("train2017", "val2017"),
        ),
        ("train/_annotations.coco.json", "valid/_annotations.coco.json", ("train", "valid")),
        ("train.json", "val.json", ("images", "images")),
    ],
)
def test_a_folder_of_splits(
    truth: Labels, tmp_path: Path, train: str, val: str, folders: tuple[str, str]
) -> None:
    write_coco(replace(truth, images=truth.images[:1]), tmp_path / train)
    write_coco(replace(truth, images=truth.images[1:]), tmp_path / val)
    put(truth, tmp_path, {0: f"{folders[0]}/000000001.jpg", 1: f"{folders[1]}/000000002.jpg"})
    if train.startswith("annotations"):
        (tmp_path / "annotations/captions_val2017.json").write_text('{"images": 1}')
        write_coco(truth, tmp_path / "annotations/person_keypoints_trainval.json")
    labels = read_labels(tmp_path)
    assert [image.split for image in labels.images] == ["train", "val"]
    assert [len(image.objects) for image in labels.images] == [1, 2]
    assert labels.root == tmp_path
    assert all(image.path.is_relative_to(tmp_path) for image in labels.images)
    left = [note for note in labels.notes if "left out: annotations/captions_val2017.json" in note]
    assert len(left) == train.startswith("annotations")


def test_files_of_a_folder_that_list_a_picture_twice(truth: Labels, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write_coco(truth, tmp_path / name)
    put(truth, tmp_path, {n: one.path.name for n, one in enumerate(truth.images)})
    with pytest.raises(InputError, match=r"b.json and .*a.json both list .*000000001.jpg"):
        read_labels(tmp_path)


def test_hidden_is_labeled(truth: Labels, tmp_path: Path) -> None:
    file = write_coco(truth, tmp_path / "labels.json")
    labels = read_labels(file, images=truth.root / "images")
    hidden = np.concatenate([one.hidden for image in labels.images for one in image.objects])
    labeled = np.concatenate([one.labeled for image in labels.images for one in image.objects])
    assert 0 < hidden.sum() < labeled.sum() and (labeled | ~hidden).all()
