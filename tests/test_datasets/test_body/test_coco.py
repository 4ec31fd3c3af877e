"""COCO's format with images held out of training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmhg.datasets import CocoPersonDataset
from mmhg.datasets.formats import coco_boxes
from mmhg.errors import InputError

IMAGES = (7, 3, 9, 1, 5)
"""The images' ids in the file's order; image 7 has nobody, 3 has two people."""
PEOPLE = {1: 3, 2: 3, 3: 9, 4: 1, 5: 5}


def name(image: int) -> str:
    return f"{image}.jpg"


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., CocoPersonDataset]:
    people = [
        dict(
            id=person,
            image_id=image,
            category_id=1,
            bbox=[10, 10, 50, 60],
            area=2000,
            iscrowd=0,
            num_keypoints=17,
            keypoints=[20, 30, 2] * 17,
        )
        for person, image in PEOPLE.items()
    ]
    images = [dict(id=image, file_name=name(image), width=160, height=120) for image in IMAGES]
    content = dict(images=images, annotations=people, categories=[dict(id=1, name="person")])
    (tmp_path / "all.json").write_text(json.dumps(content))

    def build(**settings: Any) -> CocoPersonDataset:
        return CocoPersonDataset("all.json", data_root=str(tmp_path), **settings)

    return build


def ids(dataset: CocoPersonDataset) -> list[int]:
    return [sample["id"] for sample in dataset]


def test_every_second_image_validates_with_all_its_people(make: Any) -> None:
    training, validation = make(hold_out=2), make(hold_out=2, test_mode=True)
    assert validation.metainfo["image_ids"] == [5, 7, 9]
    assert ids(validation) == [3, 5]
    assert ids(training) == [1, 2, 4]
    assert "image_ids" not in training.metainfo  # of which checkpoints keep a copy


def test_images_by_name(make: Any) -> None:
    names = [name(3), name(7)]
    assert ids(make(hold_out=names, test_mode=True)) == [1, 2]
    assert ids(make(hold_out=names)) == [3, 4, 5]
    with pytest.raises(
        InputError, match=r"names 1 images that .*all\.json does not have.*'x\.jpg'"
    ):
        make(hold_out=[name(3), "x.jpg"])


def test_detected_boxes_of_held_out_images(make: Any, tmp_path: Path) -> None:
    boxes = [
        dict(image_id=image, category_id=1, bbox=[0, 0, 9, 9], score=image / 10) for image in IMAGES
    ]
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    dataset = make(hold_out=2, test_mode=True, bbox_file=str(tmp_path / "boxes.json"))
    assert [sample["img_id"] for sample in dataset] == [7, 9, 5]
    assert dataset.metainfo["image_ids"] == [5, 7, 9]


def test_bottom_up(make: Any) -> None:
    settings = dict(data_mode="bottomup", hold_out=2)
    assert [sample["img_id"] for sample in make(**settings)] == [3, 1]
    validation = make(**settings, test_mode=True)
    assert sorted(sample["img_id"] for sample in validation) == [5, 7, 9]


def test_without_hold_out_it_is_mmposes(make: Any) -> None:
    assert ids(make()) == ids(make(test_mode=True)) == [1, 2, 3, 4, 5]
    assert make(test_mode=True).metainfo["image_ids"] == sorted(IMAGES)


@pytest.mark.parametrize("wrong", [0, 1, -3, 2.0, True, "3.jpg", []])
def test_other_values_are_refused(make: Any, wrong: Any) -> None:
    with pytest.raises(InputError, match=r"hold_out must be"):
        make(hold_out=wrong)


def rewritten(folder: Path, change: Any) -> None:
    content = json.loads((folder / "all.json").read_text())
    change(content)
    (folder / "all.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["images"][1].pop("width"), "image 3 lacks width or height"),
        (lambda content: [one.pop("file_name") for one in content["images"]], "lack 'file_name'"),
        (lambda content: content.pop("categories"), r'has no categories\. Add "categories"'),
        (lambda content: content.update(categories=[]), "has no categories"),
        (lambda content: content.update(annotations=[]), r"has nobody to (train|validate) on\."),
        (
            lambda content: [one.update(keypoints=[1, 2, 2] * 4) for one in content["annotations"]],
            "annotation 1 has 4 keypoints, but the metainfo of 'coco' has 17",
        ),
    ],
)
@pytest.mark.parametrize("test_mode", [False, True])
def test_files_that_cannot_be_used(
    change: Any, message: str, test_mode: bool, make: Any, tmp_path: Path
) -> None:
    rewritten(tmp_path, change)
    with pytest.raises(InputError, match=rf"annotation file .*all\.json.* {message}"):
        make(test_mode=test_mode)


def detections(folder: Path, *changes: dict[str, Any]) -> str:
    usual = dict(image_id=3, category_id=1, bbox=[0, 0, 9, 9], score=0.5)
    (folder / "boxes.json").write_text(json.dumps([usual | one for one in changes]))
    return str(folder / "boxes.json")


def test_detected_boxes_are_of_the_files_category_of_people(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(coco_boxes, "print_log", lambda text, **_: said.append(text))

    def renumber(content: dict[str, Any]) -> None:
        content["categories"] = [dict(id=1, name="dog"), dict(id=7, name="person")]

    rewritten(tmp_path, renumber)
    boxes = [dict(), dict(category_id=7), dict(category_id=7, image_id=77)]
    file = detections(tmp_path, *boxes, dict(category_id=7, bbox=[0, 0, 0, 9]))
    (sample,) = make(test_mode=True, bbox_file=file)
    assert (sample["id"], sample["category_id"], sample["img_id"]) == (0, 7, 3)
    assert sample["bbox"].tolist() == [[0, 0, 9, 9]]
    assert said == [
        f"bbox_file {file}: left out 3 of 4 boxes: 1 of another category than 7 (person), 1 of "
        "images that the annotation file does not list, 1 without area"
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(category_id=0), r"has no box of a person: 1 of another category than 1 \(person\)"),
        (dict(image_id="3"), r"box 0 \(from 0\): image_id must be a whole number, got '3'"),
        (dict(category_id=None), "category_id must be a whole number, got None"),
        (dict(score="high"), "score must be a finite number, got 'high'"),
        (dict(score=float("nan")), "score must be a finite number, got nan"),
        (dict(bbox=[1, 2, 3]), r"bbox must be x, y, width, height in px, got shape \(3,\)"),
        (dict(bbox=[1, 2, 3, 1e9]), r"bbox at x = 4, y = 1e\+09 px is too far outside"),
    ],
)
def test_detected_boxes_that_cannot_be_used(
    changes: dict[str, Any], message: str, make: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"bbox_file .*boxes\.json.*{message}"):
        make(test_mode=True, bbox_file=detections(tmp_path, changes))


@pytest.mark.parametrize("content", ["[]", "{}", "[3]"])
def test_other_files_of_detected_boxes(content: str, make: Any, tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text(content)
    with pytest.raises(InputError, match=r"bbox_file .*(empty|list of boxes, got dict|an object)"):
        make(test_mode=True, bbox_file=str(tmp_path / "boxes.json"))
