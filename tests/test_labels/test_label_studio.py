"""Label Studio's JSON."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from label_files import assert_same, label_studio_tasks, without_boxes, write_label_studio
from mmhg.errors import InputError
from mmhg.labels import Labels, read_labels

Change = Callable[[list[dict[str, Any]]], Any]
WIDTH, HEIGHT = 200, 100


def written(truth: Labels, folder: Path, change: Change) -> Path:
    tasks = label_studio_tasks(truth)
    change(tasks)
    file = folder / "export.json"
    file.write_text(json.dumps(tasks))
    return file


def export(folder: Path, results: list[dict[str, Any]], **task: Any) -> Path:
    """Write a file about `a.png` of 200 x 100 px."""
    cv2.imwrite(str(folder / "a.png"), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    made = dict(id=7, data=dict(image="a.png"), annotations=[dict(result=results)]) | task
    (folder / "export.json").write_text(json.dumps([made]))
    return folder / "export.json"


def result(kind: str, key: str = "", **value: Any) -> dict[str, Any]:
    return dict(
        id=key,
        type=kind,
        original_width=WIDTH,
        original_height=HEIGHT,
        image_rotation=0,
        value=value,
    )


def point(name: str, x: float, y: float, key: str = "", **more: Any) -> dict[str, Any]:
    return result("keypointlabels", key, x=x, y=y, width=1, keypointlabels=[name]) | more


def box(x: float, y: float, width: float, height: float, key: str = "", rotation: float = 0):  # type: ignore[no-untyped-def]
    sides = dict(x=x, y=y, width=width, height=height, rotation=rotation)
    return result("rectanglelabels", key, **sides, rectanglelabels=["mouse"])


@pytest.mark.parametrize("parents", [True, False])
def test_the_truth_is_read(truth: Labels, tmp_path: Path, parents: bool) -> None:
    if not parents:  # boxes of people who stand apart tell as well
        truth = replace(truth, images=truth.images[:1])
    file = write_label_studio(truth, tmp_path / "export.json", parents=parents)
    labels = read_labels(file, images=truth.root / "images")
    known = replace(truth, keypoints=labels.keypoints) if not parents else truth
    if parents:
        assert_same(labels, known, flags=False)
        assert list(labels.keypoints) == [*truth.keypoints[1:], truth.keypoints[0]]  # first seen
    else:
        (one,) = labels.images[0].objects
        np.testing.assert_allclose(
            one.keypoints, truth.images[0].objects[0].keypoints[1:], rtol=0, atol=1e-3
        )
    assert (labels.format, labels.category, labels.notes) == ("label_studio", "person", [])


def test_without_rectangles(truth: Labels, tmp_path: Path) -> None:
    bare = without_boxes(truth)
    images = truth.root / "images"
    with pytest.raises(InputError, match=r"task 2: two points are called 'right_knee'"):
        read_labels(write_label_studio(bare, tmp_path / "export.json"), images=images)
    one = replace(bare, images=bare.images[:1])
    labels = read_labels(write_label_studio(one, tmp_path / "export.json"), images=images)
    assert [len(image.objects) for image in labels.images] == [1]
    assert labels.images[0].objects[0].box is None


def test_relations(tmp_path: Path) -> None:
    results = [
        *(point("nose", 10, 20, "a"), point("nose", 50, 60, "b"), point("tail", 70, 80, "c")),
        box(5, 5, 10, 50, "d"),
        *(dict(type="relation", from_id=one, to_id=two) for one, two in ("bc", "da")),
        dict(type="relation", from_id="a", to_id="gone"),
    ]
    labels = read_labels(export(tmp_path, results))
    found = [(one.keypoints.tolist(), one.box) for one in labels.images[0].objects]
    np.testing.assert_array_equal(found[0][0], [[20, 20], [np.nan, np.nan]])
    np.testing.assert_allclose(found[0][1], [10, 5, 30, 55])
    np.testing.assert_array_equal(found[1][0], [[100, 60], [140, 80]])
    assert found[1][1] is None


def test_other_tags(tmp_path: Path) -> None:
    """`Labels` with `KeyPoint` writes two results for a point; choices say what is hidden."""
    results = [
        result("keypoint", "a", x=10, y=20, width=1),
        result("labels", "a", x=10, y=20, width=1, labels=["nose"]),
        result("keypoint", "b", x=10, y=20, width=1),
        result("labels", "c", x=0, y=0, width=50, height=50, labels=["mouse"]),
        result("ellipselabels", "e", x=1, y=1, radiusX=1, radiusY=1, ellipselabels=["x"]),
        result("brushlabels", "f", format="rle", rle=[1], brushlabels=["x"]),
        result("keypointlabels", "f", format="rle", rle=[1], keypointlabels=["x"]),
        dict(id="a", type="choices", value=dict(choices=["Occluded"])),
    ]
    labels = read_labels(export(tmp_path, results))
    (one,) = labels.images[0].objects
    assert labels.keypoints == ["nose"] and labels.category == "mouse"
    assert one.keypoints.tolist() == [[20, 20]] and one.hidden.tolist() == [True]
    assert one.box is not None and one.box.tolist() == [0, 0, 100, 50]
    (note,) = labels.notes
    for what in ("1 points without a label", "1 results of the kind 'brushlabels'", "'ellipse"):
        assert what in note


def test_a_rectangle_that_is_turned(tmp_path: Path) -> None:
    """Clockwise about its upper left corner, in px."""
    labels = read_labels(export(tmp_path, [point("nose", 49, 10), box(50, 0, 20, 10, "", 90)]))
    (one,) = labels.images[0].objects
    np.testing.assert_allclose(one.box, [90, 0, 100, 40], atol=1e-9)


def test_annotations_that_do_not_count(truth: Labels, tmp_path: Path) -> None:
    def change(tasks: list[dict[str, Any]]) -> None:
        cancelled = dict(was_cancelled=True, result=[point("odd", 1, 2)])
        tasks[0]["annotations"].insert(0, cancelled)
        tasks[0]["annotations"].append(tasks[1]["annotations"][0])
        tasks.append(dict(id=3, data=dict(image="x.jpg"), annotations=[], predictions=[{}]))
        tasks.append(dict(id=4, data=dict(image="y.jpg"), annotations=[]))

    labels = read_labels(written(truth, tmp_path, change), images=truth.root / "images")
    assert_same(labels, truth, flags=False)
    (note,) = labels.notes
    for what in (
        *("1 cancelled annotations", "1 annotations of tasks that have another before"),
        *("1 tasks that have only predictions", "1 tasks not annotated"),
    ):
        assert what in note


@pytest.mark.parametrize(
    ("address", "lies"),
    [
        ("/data/upload/3/89abcdef-my_mouse_1.png", "my mouse (1).png"),
        ("/data/upload/3/89abcdef-my_mouse_1.png", "images/89abcdef-my_mouse_1.png"),
        ("/data/local-files/?d=run%201/a.b.png", "run 1/a.b.png"),
        ("s3://bucket/run 1/a.png", "images/a.png"),
        ("https://example.com/a%20b.png?token=1#x", "a b.png"),
        ("https://example.com/download?id=1", "89abcdef-a.png"),
        ("C:\\data\\a.png", "a.png"),
    ],
)
def test_pictures_are_found(tmp_path: Path, address: str, lies: str) -> None:
    file = export(
        tmp_path,
        [point("nose", 50, 50)],
        data=dict(image=address, caption="a mouse"),
        file_upload="89abcdef-a.png",
    )
    (tmp_path / lies).parent.mkdir(exist_ok=True)
    shutil.move(tmp_path / "a.png", tmp_path / lies)
    assert read_labels(file).images[0].path == tmp_path / lies


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (point("nose", float("nan"), 1), "task 7: result 0: x must be a number, got nan"),
        (point("nose", 1, "2"), None),
        (point("nose", [1], 1), r"x must be a number, got \[1\]"),
        (point("nose", 1e6, 1), "too far outside"),
        (
            point("nose", 1, 1) | dict(original_width=100),
            r"task 7 is 100 x 100 px by the labels, but",
        ),
        (point("nose", 1, 1) | dict(original_width=0), "must be above 0"),
        (point("nose", 1, 1) | dict(original_width="x"), "width must be a number"),
        (point("nose", 1, 1) | dict(image_rotation=90), "turned by 90 degrees in Label Studio"),
        (result("keypointlabels", x=1, y=1, keypointlabels=["a", "b"]), "a list of one name"),
        (result("keypointlabels", x=1, y=1, keypointlabels="a"), "a list of one name"),
        (dict(type=3), "each result must have a type"),
        ("x", "result must be a list of objects"),
        (box(1, 1, -1, 1), "must not be negative"),
        (result("brushlabels"), "has no keypoint labels"),
    ],
)
def test_refused(tmp_path: Path, changed: Any, message: str | None) -> None:
    file = export(tmp_path, [changed])
    if message is None:  # text that is a number is one
        assert read_labels(file).images[0].objects[0].keypoints.tolist() == [[2, 2]]
        return
    with pytest.raises(InputError, match=message):
        read_labels(file)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dict(a="a.png", b="b.png"), "which text of data is the picture. It has a, b"),
        (dict(text="no picture"), "which text of data is the picture"),
        ([], "data must be an object"),
        (dict(image="lost.png"), "1 of 1 pictures are missing, the first is 'lost.png'"),
    ],
)
def test_pictures_that_are_refused(tmp_path: Path, data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(export(tmp_path, [point("nose", 1, 1)], data=data))


def test_other_exports(tmp_path: Path) -> None:
    small = dict(id=1, image="a.jpg", annotation_id=1, annotator=1, kp=[dict(x=1, y=2)])
    (tmp_path / "min.json").write_text(json.dumps([small]))
    with pytest.raises(InputError, match=r"is JSON-MIN.* Export the project as JSON"):
        read_labels(tmp_path / "min.json")
    (tmp_path / "min.json").write_text(json.dumps(dict(id=1)))
    with pytest.raises(InputError, match="must be a list of tasks"):
        read_labels(tmp_path / "min.json", "label_studio")
    (tmp_path / "min.json").write_text(
        '[{"annotations": [{"result": ' + "[" * 9999 + "]" * 9999 + "}]}]"
    )
    with pytest.raises(InputError, match="nested"):
        read_labels(tmp_path / "min.json")


def test_long_chains_of_relations_take_no_time(tmp_path: Path) -> None:
    count = 20_000
    results = [result("brushlabels", f"{n}") for n in range(count)] + [point("nose", 1, 1, "x")]
    results += [dict(type="relation", from_id=f"{n}", to_id=f"{n + 1}") for n in range(count - 1)]
    labels = read_labels(export(tmp_path, results))
    assert len(labels.images[0].objects) == 1
