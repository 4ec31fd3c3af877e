"""COCO's submission file: what is refused, and what is written."""

import json
import zipfile

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.results.coco_submission import (
    check_images,
    crowded_images,
    read_image_ids,
    read_people,
    submission_name,
    write_submission,
)

JOINTS = np.random.default_rng(0).uniform(0, 600, 51).tolist()
PERSON = dict(image_id=7, category_id=1, keypoints=JOINTS, score=0.123456789)


def write(folder, content):
    path = folder / "r.keypoints.json"
    path.write_text(json.dumps(content))
    return path


def test_written_file_is_what_the_server_asks_for(tmp_path):
    people = read_people(write(tmp_path, [{**PERSON, "bbox": [1.0, 2.0, 3.0, 4.0]}, PERSON]))
    name = submission_name("test-dev2017", "hg8-256.v1")
    path = write_submission(tmp_path / "new", name, people)
    assert path.name == "person_keypoints_test-dev2017_hg8-256.v1_results.zip"
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        written = json.loads(archive.read(member))
    assert member == "person_keypoints_test-dev2017_hg8-256.v1_results.json"
    assert len(written) == 2
    assert set(written[0]) == {"image_id", "category_id", "keypoints", "score"}
    assert (written[0]["image_id"], written[0]["category_id"]) == (7, 1)
    assert written[0]["score"] == 0.123456789
    assert np.abs(np.subtract(written[0]["keypoints"], JOINTS)).max() <= 0.005 + 1e-9
    assert list((tmp_path / "new").iterdir()) == [path]


def test_the_same_people_give_the_same_bytes(tmp_path):
    paths = [write_submission(tmp_path / folder, "n", [PERSON]) for folder in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with zipfile.ZipFile(paths[0]) as archive:
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": "000000000007.jpg"}, "whole number as image_id, got '000000000007.jpg'"),
        ({"category_id": 2}, "of category 1, a person, got 2"),
        ({"score": float("nan")}, "finite number as score, got nan"),
        ({"score": None}, "finite number as score, got None"),
        ({"keypoints": JOINTS[:34]}, "51 finite numbers as keypoints .* got 34"),
        ({"keypoints": [*JOINTS[:50], float("inf")]}, r"got 51, of which \[inf\]"),
        ({"keypoints": [*JOINTS[:50], "1"]}, r"got 51, of which \['1'\]"),
        ({"keypoints": None}, "got None"),
    ],
)
def test_refuses_a_person(tmp_path, change, message):
    path = write(tmp_path, [PERSON, {**PERSON, **change}])
    with pytest.raises(InputError, match=message) as raised:
        read_people(path)
    assert f"results {path}: person 1 (from 0) must " in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not empty, got an empty list"),
        ({"annotations": []}, "a list of people that is not empty, got dict"),
        ([{"image_id": 7}], r"person 0 \(from 0\) must have image_id, .*got \['image_id'\]"),
        ([5], "got int"),
    ],
)
def test_refuses_what_is_no_list_of_people(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_people(write(tmp_path, content))


def test_images_of_another_split(tmp_path):
    ids = read_image_ids(write(tmp_path, {"images": [{"id": 7}, {"id": 9}]}))
    assert ids == {7, 9}
    check_images([PERSON], ids, "r.json", "i.json")
    with pytest.raises(InputError, match=r"1 images that i.json does not list: \[8\]"):
        check_images([PERSON, {**PERSON, "image_id": 8}], ids, "r.json", "i.json")
    with pytest.raises(InputError, match="has no list 'images' with an id each"):
        read_image_ids(write(tmp_path, [1]))
    with pytest.raises(InputError, match="lists no images"):
        read_image_ids(write(tmp_path, {"images": []}))


def test_twenty_people_an_image_are_no_crowd():
    assert crowded_images([PERSON] * 20) == 0
    assert crowded_images([PERSON] * 21 + [{**PERSON, "image_id": 8}] * 5) == 1


@pytest.mark.parametrize("name", ["", "my_net", "a b", "../net", "né"])
def test_names_that_break_the_pattern(name):
    with pytest.raises(InputError, match=r"letters, digits, '\.', '\+' and '-'"):
        submission_name("test-dev2017", name)


def test_splits_without_a_server():
    with pytest.raises(InputError, match=r"must be one of test-dev2017, .*got 'train2017'"):
        submission_name("train2017", "net")


def test_leaves_nothing_where_it_cannot_write(tmp_path):
    (tmp_path / "n.zip").mkdir()
    with pytest.raises(InputError, match=r"cannot write .*n\.zip"):
        write_submission(tmp_path, "n", [PERSON])
    assert [path.name for path in tmp_path.iterdir()] == ["n.zip"]
