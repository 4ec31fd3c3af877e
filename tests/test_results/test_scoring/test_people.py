"""People are found by id, by image id, by the image's name; within an image by distance."""

import json

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.results.scoring.predictions import only_looked_at, read_predicted
from mmhg.results.scoring.truths import read_truth
from test_results.test_scoring.faces import NAMES, POINTS


def results(points=POINTS, **changes):
    return [
        dict(
            image_id=1 + k % 4,
            category_id=1,
            keypoints=np.column_stack([one, [0.9, 0.8, 0.7]]).ravel().tolist(),
            score=0.5,
        )
        | changes
        for k, one in enumerate(points)
    ]


def dumped(points=POINTS):
    return [
        dict(id=10 + k, image=f"/x/day{(1 + k % 4) % 2}/{1 + k % 4}.jpg", keypoints=one.tolist(),
             scores=[0.9, 0.8, 0.7])
        for k, one in enumerate(points)
    ]  # fmt: skip


def inferred(points=POINTS, names=NAMES):
    """Write as `mmhg infer`: its own image ids, names with another folder."""
    return dict(
        categories=[dict(id=1, name="person", keypoints=list(names))],
        annotations=[one | {"image_id": 8 - one["image_id"]} for one in results(points)],
        images=[dict(id=8 - k, file_name=f"/data/day{k % 2}/{k}.jpg") for k in range(1, 5)],
    )


def wide(points=POINTS):
    lines = ["image,frame,left,top,right,bottom,score," + ",".join(
        f"{name}_{field}" for name in NAMES for field in ("x", "y", "score"))]  # fmt: skip
    for k, one in enumerate(points):
        numbers = np.column_stack([one, [0.9, 0.8, 0.7]]).ravel().tolist()
        lines.append(f"{1 + k % 4}.jpg,,0,0,9,9,0.5,{','.join(map(repr, numbers))}")
    return "\n".join(lines)


def long(points=POINTS):
    lines = ["image,person,keypoint,x,y,score"]
    for k, one in enumerate(points):
        for name, (x, y) in zip(NAMES, one, strict=True):
            lines.append(f"{1 + k % 4}.jpg,{k},{name},{x},{y},{0.9 if name == 'left_eye' else ''}")
    return "\n".join(lines)


def truth_of(faces):
    return read_truth(faces / "truth.json", "COCO", None, "observer-centric")


def read(faces, content, name="p.json"):
    text = content if isinstance(content, str) else json.dumps(content)
    (faces / name).write_text(text)
    return read_predicted(str(faces / name), truth_of(faces))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (results, "p.json"),
        (dumped, "p.json"),
        (inferred, "p.json"),
        (wide, "p.csv"),
        (long, "p.csv"),
    ],
)
def test_every_kind_of_file_gives_the_same(faces, make, name):
    found = read(faces, make(), name)
    np.testing.assert_allclose(found.keypoints, POINTS)
    np.testing.assert_array_equal(found.confidences[:, 0], 0.9)
    assert found.covered.all() and found.looked_at.all()
    assert len(found.detections) == 6
    assert (found.notes, found.doubts) == ([], [])


def test_within_an_image_the_nearest_whatever_the_order(faces):
    shuffled = [results(POINTS + 1)[k] for k in (5, 3, 1, 4, 0, 2)]
    found = read(faces, shuffled)
    np.testing.assert_allclose(found.keypoints, POINTS + 1)
    more = [*shuffled, *results(POINTS[:1] + 300.0)]
    found = read(faces, more)
    np.testing.assert_allclose(found.keypoints, POINTS + 1)
    assert "1 people more than are labeled" in found.notes[0]
    assert len(found.detections) == 7


def test_dumped_ids_of_detected_boxes_are_not_taken_for_the_annotations(faces):
    people = [one | {"id": 10 + (k + 1) % 6} for k, one in enumerate(dumped())]
    np.testing.assert_allclose(read(faces, people).keypoints, POINTS)


def test_columns_are_found_by_their_names(faces):
    turned = inferred(POINTS[:, [2, 0, 1]], ["nose", "left_eye", "right_eye"])
    np.testing.assert_allclose(read(faces, turned).keypoints, POINTS)
    other = inferred(names=["left_eye", "chin", "nose"])
    found = read(faces, other)
    assert found.covered.tolist() == [True, False, True]
    assert "does not have: chin" in found.notes[0]
    with pytest.raises(InputError, match="have no keypoint in common: a, b, c and left_eye"):
        read(faces, inferred(names=["a", "b", "c"]))


def test_a_part_of_the_file(faces):
    part = [one for one in results() if one["image_id"] in (1, 2)]
    found = read(faces, part)
    assert found.looked_at.tolist() == [True, True, False, False, True, True]
    truth, (kept,) = only_looked_at(truth_of(faces), [found])
    assert list(truth.ids) == [10, 11, 14, 15]
    np.testing.assert_allclose(kept.keypoints, truth.keypoints)
    assert [one["id"] for one in truth.content["images"]] == [1, 2]
    listed = inferred()  # an image in which nobody was found was looked at all the same
    listed["annotations"] = [one for one in listed["annotations"] if one["image_id"] != 7]
    assert read(faces, listed).looked_at.all()


def test_a_second_persons_labels_have_flags_and_no_scores(faces):
    content = json.loads((faces / "truth.json").read_text())
    content["annotations"][0]["keypoints"][2] = 0
    content["annotations"].append(content["annotations"][0] | {"keypoints": [0] * 9})
    found = read(faces, content)
    assert found.notes == []  # nobody is labeled there
    assert found.labels and found.confidences is None
    assert np.isnan(found.keypoints[0, 0]).all()
    np.testing.assert_allclose(found.keypoints[1:], POINTS[1:])


def test_predictions_with_flags_in_place_of_scores(faces):
    content = inferred()
    for one in content["annotations"]:
        one["keypoints"] = [*one["keypoints"][:2], 2, *one["keypoints"][3:5], 2, 0, 0, 0]
    found = read(faces, content)
    assert found.confidences is None and not found.labels
    np.testing.assert_allclose(found.keypoints[:, :2], POINTS[:, :2])
    assert np.isnan(found.keypoints[:, 2]).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (results(image_id=99), "6 of 6 people are in images that .* does not list.* example 99"),
        ([*results(), results()[0] | {"image_id": 98}], "1 of 7 people are in images"),
        (results(keypoints=[1, 2, 3]), "have 1 keypoints, but .* has 3: left_eye"),
        (results(keypoints=[1, 2]), "entry 0 .*: keypoints must be x, y, score of .*, got 2"),
        (results(keypoints=None), "entry 0 .from 0. cannot be used"),
        (results(image_id="1"), "image_id must be a whole number, got '1'"),
        ([*dumped(), dumped(POINTS + 9)[0]], "id 10 comes twice, with different keypoints"),
        (
            [{k: v for k, v in one.items() if k != "image"} | {"id": one["id"] + 50}
             for one in dumped()],
            "6 of 6 people have an id that .* does not have, for example 60",
        ),
        ([one | {"scores": [1]} for one in dumped()], "scores must be one per keypoint"),
        ([], "have no people"),
        (results(POINTS * 1e6), "entry 0 .from 0.: .* is more than 100,000 px from the origin"),
        (inferred() | {"images": [dict(id=k, file_name=f"{k}.png") for k in range(1, 9)]},
         "6 of 6 people are in images that .* example 7.png; it has day1/1.jpg"),
        (inferred() | {"images": []}, "entry 0 .from 0. cannot be used: lacks 7"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(faces, content, message):
    with pytest.raises(InputError, match=message):
        read(faces, content)


def test_the_same_person_twice_counts_once(faces):
    np.testing.assert_allclose(read(faces, [*dumped(), dumped()[0]]).keypoints, POINTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (wide().replace("day", "").replace("0.5", "half", 1), "line 2: score must be a number"),
        (long() + "\n1.jpg,0,left_eye,1,2,3", "'left_eye' of 1.jpg comes a second time"),
        (long() + "\n1.jpg", "line 20 names no keypoint"),
        (wide().replace("image,frame", "image,image"), "have a column more than once"),
        (long().replace("image,person", "image,frame"), r"have no|comes a second|does not list"),
    ],
)
def test_csv_that_cannot_be_read(faces, text, message):
    with pytest.raises(InputError, match=message):
        read(faces, text, "p.csv")


def test_names_that_may_mean_several_images(faces):
    content = json.loads((faces / "truth.json").read_text())
    content["images"][1]["file_name"] = "day7/1.jpg"
    (faces / "truth.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"1\.jpg may be day1/1\.jpg or day7/1\.jpg"):
        read(faces, wide(), "p.csv")
