"""Files that say where people are."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmhg.datasets import MPIIPersonDataset
from mmhg.errors import InputError
from mmhg.inference.box_files import BoxFile, image_ids, read_boxes, read_centers

BOX = [10.0, 20.0, 40.0, 60.0]
XYWH = [10.0, 20.0, 30.0, 40.0]


def written(folder: Path, content: Any) -> Path:
    path = folder / "boxes.json"
    path.write_text(json.dumps(content))
    return path


def read(folder: Path, content: Any, threshold: float = 0.0) -> BoxFile:
    return read_boxes(written(folder, content), threshold)


COCO = dict(
    images=[dict(id=7, file_name="val/7.jpg"), dict(id=8, file_name="val/8.jpg")],
    annotations=[
        dict(image_id=7, category_id=1, bbox=XYWH),
        dict(image_id=7, category_id=2, bbox=[0, 0, 5, 5]),
    ],
)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"7.jpg": [BOX]}, "photos/7.jpg"),
        ({"photos/7.jpg": [BOX]}, "photos/7.jpg"),
        ([dict(image="7.jpg", bbox=XYWH)], "photos/7.jpg"),
        ([dict(image_id=7, bbox=XYWH, category_id=1, score=0.9)], "photos/0007.jpg"),
        (COCO, "coco/val/7.jpg"),
    ],
)
def test_forms(content: Any, path: str, tmp_path: Path) -> None:
    assert read(tmp_path, content).of(path).tolist() == [BOX]


def test_frames_of_a_video(tmp_path: Path) -> None:
    other = [0.0, 0.0, 9.0, 9.0]
    found = [(0, XYWH), (2, XYWH), (2, other)]
    people = read(tmp_path, [dict(image="clip.mp4", frame=n, bbox=box) for n, box in found])
    boxes = [people.of("clip.mp4", frame).tolist() for frame in range(4)]
    assert boxes == [[BOX], [], [BOX, other], []]
    people = read(tmp_path, {"clip.mp4": [BOX]})
    assert people.of("clip.mp4", 5).tolist() == [BOX]


def test_low_scores_are_left_out(tmp_path: Path) -> None:
    records = [dict(image="a.jpg", bbox=XYWH, score=score) for score in (0.2, 0.3, 0.9)]
    records.append(dict(image="a.jpg", bbox=XYWH))
    assert len(read(tmp_path, records).of("a.jpg")) == 4
    assert len(read(tmp_path, records, threshold=0.3).of("a.jpg")) == 3


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([dict(id=0, name="person")], 0),
        ([dict(id=3, name="face")], 3),
        ([dict(id=1, name="dog"), dict(id=7, name="Person")], 7),
        (None, 1),
    ],
)
def test_the_category_of_people_is_the_files(
    categories: Any, expected: int, tmp_path: Path
) -> None:
    found = [
        dict(image="a.jpg", category_id=category, bbox=[category, 0, 5, 5]) for category in range(9)
    ]
    content = dict(annotations=found) | (dict(categories=categories) if categories else {})
    people = read(tmp_path, content)
    assert people.of("a.jpg").tolist() == [[expected, 0, expected + 5, 5]]
    assert people.note == (
        f"{tmp_path / 'boxes.json'}: left out 8 of 9 boxes: 8 of other categories than {expected} "
        "(person)"
    )


def test_boxes_that_are_left_out_are_counted(tmp_path: Path) -> None:
    records = [dict(image="a.jpg", bbox=XYWH, score=score) for score in (0.2, 0.1, 0.9)]
    assert read(tmp_path, records).note == ""
    assert read(tmp_path, records, threshold=0.3).note.endswith("2 of a score below 0.3")
    with pytest.raises(InputError, match=r"none of its 3 boxes is used: 3 of a score below 0\.95"):
        read(tmp_path, records, threshold=0.95)


def test_names_of_images_in_detections(tmp_path: Path) -> None:
    people = read(tmp_path, [dict(file_name="a.jpg", bbox=XYWH, image_id=3)])
    assert people.of("photos/a.jpg").tolist() == [BOX]


def test_what_inference_wrote(tmp_path: Path) -> None:
    images = [dict(id=1, file_name="clips/clip.mp4")]
    people = [dict(id=1, image_id=1, category_id=1, bbox=XYWH, frame=3, score=0.5)]
    boxes = read(tmp_path, dict(images=images, annotations=people))
    assert [boxes.of("clips/clip.mp4", frame).tolist() for frame in (2, 3)] == [[], [BOX]]


def test_images_without_people(tmp_path: Path) -> None:
    assert read(tmp_path, COCO).of("val/8.jpg").shape == (0, 4)
    assert read(tmp_path, {"a.jpg": []}).of("a.jpg").shape == (0, 4)
    detections = read(tmp_path, [dict(image="a.jpg", bbox=XYWH)])
    assert detections.of("b.jpg").shape == (0, 4)
    with pytest.raises(InputError, match=r'does not name it. If .* add "b.jpg": \[\]'):
        read(tmp_path, {"a.jpg": [BOX]}).of("b.jpg")


def test_a_file_of_other_images(tmp_path: Path) -> None:
    people = read(tmp_path, [dict(image="a.jpg", bbox=XYWH)])
    people.check(["b.jpg", "x/a.jpg"])
    with pytest.raises(InputError, match=r"names none of the inputs, b.jpg .* names 'a.jpg'"):
        people.check(["b.jpg"])


def test_centers_give_the_boxes_of_the_data_set(mpii_root: Path) -> None:
    dataset = MPIIPersonDataset(
        ann_file="annotations/mpii_val.json",
        data_root=str(mpii_root),
        data_prefix=dict(img="images/"),
        test_mode=True,
    )
    people = read_centers(mpii_root / "annotations/mpii_val.json")
    for index in range(len(dataset)):
        sample = dataset.get_data_info(index)
        assert people.of(sample["img_path"]).tolist() == sample["bbox"].tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("3", "must hold boxes by image names or a list of people, got int"),
        ('{"a.jpg": [[1, 2, 3]]}', r"'a.jpg': boxes must be \(people, 4\)"),
        (
            '[{"image": "a.mp4", "frame": "first", "bbox": [0, 0, 1, 1]}]',
            "frame must be a number from 0, got 'first'",
        ),
        ("[3]", r"person 0 \(from 0\) is a int"),
        ('[{"bbox": [0, 0, 1, 1]}]', "needs the name of its image as image, file_na"),
        ('[{"image_id": [1], "bbox": [0, 0, 1, 1]}]', r"needs the name .* got \[1\]"),
        (
            '[{"image": "a.mp4", "frame": -1, "bbox": [0, 0, 1, 1]}]',
            "frame must be a number from 0",
        ),
        ('{"a.jpg": 5}', "'a.jpg': boxes must be"),
        ('{"a.jpg": "box"}', "'a.jpg': boxes must be"),
        (
            '[{"image": "a", "category_id": 0, "bbox": [0, 0, 1, 1]}]',
            r"none of its 1 boxes is used: 1 of other categories than 1 \(person\)\. The category",
        ),
        ('{"annotations": [], "categories": [{"name": "x"}]}', "categories must each have a whole"),
        (
            '{"annotations": [], "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]}',
            r"boxes\.json: which of its categories is that of people\? It has a, b",
        ),
        ('[{"image": "a.jpg"}]', "needs a bbox of x, y, width, height"),
        ('[{"image": "a", "bbox": [0, 0, 1, 1], "score": "x"}]', "score must be a number"),
        ('{"images": [{}], "annotations": []}', "images must each have an id and a file_name"),
    ],
)
def test_bad_files(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_boxes(path, 0.0)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (dict(image="a.jpg", center=[1, 2]), "scale must be a number, got None"),
        (dict(image="a.jpg", scale=1), "center must be x and y in px, got None"),
        (dict(image="a.jpg", center=[1], scale=1), r"center must be x and y in px, got \[1\]"),
    ],
)
def test_bad_centers(record: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_centers(written(tmp_path, [record]))


def test_no_such_file(tmp_path: Path) -> None:
    for read_file in (lambda path: read_boxes(path, 0.0), read_centers):
        with pytest.raises(InputError, match=r"cannot read .*nosuch.json"):
            read_file(tmp_path / "nosuch.json")


def test_ids_of_images(tmp_path: Path) -> None:
    """COCO's ids are taken, or the numbers in names; none unless each image has its own."""
    path = tmp_path / "boxes.json"
    images = [dict(id=5, file_name="sub/a.jpg"), dict(id=6, file_name="b.jpg")]
    path.write_text(json.dumps(dict(images=images, annotations=[])))
    boxes = read_boxes(path, 0.0)
    assert image_ids(["x/sub/a.jpg", "b.jpg"], boxes) == {"x/sub/a.jpg": 5, "b.jpg": 6}
    assert image_ids(["x/sub/a.jpg", "c.jpg"], boxes) == {}
    assert image_ids(["1/000785.jpg", "2/12.png"]) == {"1/000785.jpg": 785, "2/12.png": 12}
    assert image_ids(["1/1.jpg", "2/1.jpg"]) == {}
