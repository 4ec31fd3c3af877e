"""COCO's format with images held out of training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmhg.datasets import CocoPersonDataset
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
