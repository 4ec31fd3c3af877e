"""COCO's files, checked."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mmhg.errors import InputError
from mmhg.utils import coco_file
from mmhg.utils.coco_file import person_category, read_coco

Change = Callable[[dict[str, Any]], Any]


def person(number: int, image: int = 1, **changes: Any) -> dict[str, Any]:
    made = dict(
        id=number,
        image_id=image,
        category_id=1,
        bbox=[10, 20, 30, 40],
        area=700,
        iscrowd=0,
        num_keypoints=2,
        keypoints=[12.5, 25, 2, 30, 40 + number, 1, 0, 0, 0],
    )
    return {key: value for key, value in (made | changes).items() if value is not ...}


def content(*people: dict[str, Any]) -> dict[str, Any]:
    return dict(
        images=[
            dict(id=number, file_name=f"{number}.jpg", width=160, height=120) for number in (1, 2)
        ],
        annotations=list(people) or [person(1), person(2), person(3, 2)],
        categories=[dict(id=1, name="person", keypoints=["a", "b", "c"])],
    )


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Any], dict[str, Any]]:
    def write(made: Any) -> dict[str, Any]:
        (tmp_path / "a.json").write_text(json.dumps(made), encoding="utf-8")
        return read_coco(tmp_path / "a.json")

    return write


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(coco_file, "print_log", lambda text, **_: texts.append(text))
    return texts


def test_a_file_without_faults_stays_as_it_is(read: Any, said: list[str]) -> None:
    made = content(person(1), person(2, iscrowd=1, num_keypoints=0, keypoints=[0] * 9))
    assert read(deepcopy(made)) == made
    assert said == []


def test_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content()), encoding="utf-8-sig")
    assert len(read_coco(tmp_path / "a.json")["annotations"]) == 3


def test_what_has_one_meaning_is_added(read: Any, said: list[str]) -> None:
    one = person(1, iscrowd=..., num_keypoints=None, category_id=..., area=None)
    nested = person(2, keypoints=[[12.5, 25, 2], [30, 42, 1], [0, 0, 0]])
    people = read(content(one, nested, person(3, keypoints=...)))["annotations"]
    assert people[0] == person(1, area=...)
    assert people[1]["keypoints"] == person(2)["keypoints"]
    assert (people[2]["keypoints"], people[2]["num_keypoints"]) == ([0] * 9, 0)
    assert said == []


def test_images_to_predict_have_no_annotations(read: Any) -> None:
    made = content()
    del made["annotations"]
    assert read(made) == made


@pytest.mark.parametrize(
    "changes",
    [
        dict(bbox=...),
        dict(bbox=[10, 20, 0, 40]),
        dict(bbox=[10, 20, 30, -4]),
        dict(bbox=[170, 20, 30, 40]),
        dict(bbox=[159, 20, 30, 40]),  # MMPose cuts boxes at the last pixel's middle
        dict(keypoints=[-3, -4, 2, 0, 0, 2, 0, 0, 0]),
    ],
)
def test_people_whom_no_dataset_can_crop_are_left_out_and_said(
    changes: dict[str, Any], read: Any, said: list[str]
) -> None:
    people = read(content(person(1), person(7, **changes), person(8)))["annotations"]
    assert [one["iscrowd"] for one in people] == [0, 1, 0]
    assert len(people[1]["bbox"]) == 4
    (text,) = said
    assert "a.json: 1 of 3 annotated people are left out of training" in text
    assert text.endswith("For example annotation 7")


def test_without_any_box_nobody_is_a_crowd(read: Any) -> None:
    """Formats over COCO's of faces have centers instead."""
    people = read(content(person(1, bbox=...), person(2, bbox=...)))["annotations"]
    assert [one["iscrowd"] for one in people] == [0, 0]


def test_flags_count_people_without_labels_and_stray_annotations(
    read: Any, said: list[str]
) -> None:
    people = read(content(person(1, num_keypoints=0), person(2, 9), person(3)))["annotations"]
    assert [(one["id"], one["num_keypoints"]) for one in people] == [(1, 2), (3, 2)]
    assert "1 annotations are left out, of images that the file does not list" in said[0]
    assert said[0].endswith("annotation 2")
    assert "num_keypoints that is not the number of their flags" in said[1]
    assert said[1].endswith("annotation 1")


def test_people_labeled_twice_are_said(read: Any, said: list[str]) -> None:
    alike = [person(number, image, keypoints=[1, 2, 2] * 3) for number, image in ((2, 1), (3, 2))]
    read(content(person(1), *alike, person(4, keypoints=[1, 2, 2] * 3), person(5)))
    assert "a.json: 1 annotations have the keypoints of another one of their image" in said[0]


def test_crowd_poses_numbers_are_of_visible_keypoints(read: Any, said: list[str]) -> None:
    made = content(person(1, num_keypoints=1))
    made["images"][0]["crowdIndex"] = 0.3
    assert read(made)["annotations"][0]["num_keypoints"] == 1
    assert said == []


def test_other_things_than_people_get_as_many_keypoints(read: Any) -> None:
    made = content(person(1), person(2, category_id=3, keypoints=..., num_keypoints=...))
    made["categories"].append(dict(id=3, name="car"))
    assert read(made)["annotations"][1]["keypoints"] == [0] * 9


def test_said_once_for_a_file(read: Any, said: list[str]) -> None:
    for _ in range(2):
        read(content(person(1), person(2, bbox=...)))
    assert len(said) == 1


def change(path: str, value: Any) -> Change:
    """Set `images.0.id`, for example; `...` removes it."""

    def apply(made: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        target: Any = made
        for name in parents:
            target = target[int(name) if name.isdigit() else name]
        if value is ...:
            del target[last]
        else:
            target[int(last) if last.isdigit() else last] = value

    return apply


FAULTS: list[tuple[str, Any, str]] = [
    ("images", ..., "not in COCO's format.* an object with annotations, categories"),
    ("images", {"id": 1}, "not in COCO's format"),
    ("images.0", 3, r"image number 0 \(from 0\) must be an object, got int"),
    ("images.1.id", 1, "several images have the id 1, the latter is number 1"),
    ("images.1.id", "2", "image number 1 .*: id must be a whole number, got '2'"),
    ("images.1.id", 2.0, "id must be a whole number, got 2.0"),
    ("images.1.id", True, "id must be a whole number, got True"),
    ("images.1.id", None, "id must be a whole number, got null"),
    ("images.1.id", [2], r"id must be a whole number, got \[2\]"),
    ("images.1.file_name", None, "image 2: file_name must be text, got null"),
    ("images.1.width", "160", "image 2: width must be a number of px above 0, got '160'"),
    ("images.0.height", ..., "image 1 lacks width or height, in px"),
    ("images.1.height", 0, "image 2: height must be a number of px above 0, got 0"),
    ("images.1.height", None, "height must be a number of px above 0, got null"),
    ("images.1.height", float("inf"), "height must be a number"),
    ("annotations", None, "annotations must be a list, got null"),
    ("annotations.1", [], r"annotation number 1 \(from 0\) must be an object, got a list of 0"),
    ("annotations.1.id", 1, "several annotations have the id 1, the latter is number 1"),
    ("annotations.1.id", ..., "annotation number 1 .* id must be a whole number, got null or no"),
    ("annotations.1.id", "7", "got '7'"),
    ("annotations.1.image_id", "1", "annotation 2: image_id must be a whole number, got '1'"),
    ("annotations.1.image_id", ..., "annotation 2: image_id must be a whole number"),
    ("annotations.1.category_id", 5, "annotation 2 has category_id 5, but the categories are 1"),
    ("annotations.1.category_id", "person", "category_id must be a whole number, got 'person'"),
    ("annotations.1.bbox", None, "annotation 2: bbox must be x, y, width, height in px, got null"),
    ("annotations.1.bbox", [1, 2, 3], r"bbox must be .* got shape \(3,\)"),
    ("annotations.1.bbox", [1, 2, None, 4], "bbox must be .* got null"),
    ("annotations.1.bbox", [1, 2, "30", 4], "bbox must be .* got '30'"),
    ("annotations.1.bbox", [1, 2, 1e9, 4], "annotation 2: bbox at x = 1e.09, .* too far outside"),
    ("annotations.1.bbox", "1 2 3 4", "bbox must be .* got '1 2 3 4'"),
    ("annotations.1.area", "700", "annotation 2: area must be a number of square px, got '700'"),
    ("annotations.1.area", 1e12, "annotation 2: area 1e.12 square px is larger than any"),
    ("annotations.1.iscrowd", 2, "annotation 2: iscrowd must be 0 or 1, got 2"),
    ("annotations.1.iscrowd", "0", "iscrowd must be 0 or 1, got '0'"),
    ("annotations.1.keypoints", None, "annotation 2: keypoints must be x, y and a flag .*null"),
    ("annotations.1.keypoints.0", None, "keypoints must be x, y and a flag .* got null"),
    ("annotations.1.keypoints.0", "12.5", "keypoints must be x, y and a flag .* got '12.5'"),
    ("annotations.1.keypoints.0", float("nan"), "keypoints must be .* got nan"),
    ("annotations.1.keypoints.0", 1e9, "annotation 2: keypoint at x = 1e.09, y = 25 px is too far"),
    ("annotations.1.keypoints.1", -1700, "keypoint at x = 12.5, y = -1700 px is too far outside"),
    ("annotations.1.keypoints.2", -1, "annotation 2: flags must be 2, 1 or 0, got -1"),
    ("annotations.1.keypoints", [1, 2, 3, 4, 5, 6], "got 6 numbers, perhaps x and y alone"),
    ("annotations.1.keypoints", [1, 2, 3, 4], "got 4 numbers, perhaps x and y alone"),
    ("annotations.1.keypoints", [[1, 2], [3, 4], [5, 6]], r"got shape \(3, 2\)"),
    ("annotations.1.keypoints", [[1, 2, 2], [3, 4]], "keypoints must be x, y and a flag"),
    ("annotations.1.keypoints", [1, 2, 2] * 4, "2 has 4 keypoints, but others before it have 3"),
    ("categories", {"1": "person"}, "categories must be a list, got an object with 1"),
    ("categories.0.id", "1", "category number 0 .*: id must be a whole number, got '1'"),
    ("categories.0.name", 3, "category 1: name must be text, got 3"),
]


@pytest.mark.parametrize(("path", "value", "message"), FAULTS)
def test_faults_are_named(path: str, value: Any, message: str, read: Any) -> None:
    made = content()
    change(path, value)(made)
    with pytest.raises(InputError, match=rf"annotation file .*a\.json.*{message}"):
        read(made)


@pytest.mark.parametrize("made", [[person(1)], None, 3, "x", {}])
def test_other_files(made: Any, read: Any) -> None:
    with pytest.raises(InputError, match=r"a\.json is not in COCO's format"):
        read(made)


def test_coordinates_outside_of_the_image_pass_within_reason(read: Any) -> None:
    one = person(1, bbox=[-100, -50, 900, 900], keypoints=[-90, 25, 2, 800, 700, 1, 1e9, 0, 0])
    assert read(content(one))["annotations"][0]["num_keypoints"] == 2


def test_the_category_of_people() -> None:
    assert person_category([dict(id=0, name="face")], "a.json") == 0
    assert person_category([dict(id=1, name="dog"), dict(id=7, name="Person")], "a.json") == 7
    with pytest.raises(InputError, match=r"a\.json: which of its categories .* dog, cat\. Call"):
        person_category([dict(id=1, name="dog"), dict(id=2, name="cat")], "a.json")
    with pytest.raises(InputError, match="It has none"):
        person_category([], "a.json")


def test_people_without_a_box_stay_where_boxes_are_made(tmp_path: Path) -> None:
    people = [person(1), person(2, bbox=None), person(3, bbox=[]), person(4, bbox=[0, 0, 0, 0])]
    content = dict(
        images=[dict(id=1, file_name="a.jpg", width=160, height=120)],
        annotations=people,
        categories=[dict(id=1, name="person", keypoints=["a", "b", "c"])],
    )
    (tmp_path / "a.json").write_text(json.dumps(content))
    read = read_coco(tmp_path / "a.json", boxes_needed=False)["annotations"]
    assert [one["iscrowd"] for one in read] == [0, 0, 0, 0]
    assert ["bbox" in one for one in read] == [True, False, False, True]
    with pytest.raises(InputError, match="annotation 2: bbox must be"):
        read_coco(tmp_path / "a.json")
