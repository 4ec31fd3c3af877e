"""COCO's three forms, read by COCO's own tools."""

import json
from collections.abc import Callable
from pathlib import Path

from pycocotools.coco import COCO

from mmhg.inference.writers.coco_annotations import CocoAnnotations
from mmhg.inference.writers.coco_results import CocoResults
from mmhg.inference.writers.keypoint_json import KeypointJson

from .conftest import NAMES


def test_annotations_are_read_by_pycocotools(written: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    path.write_text(written(CocoAnnotations))
    coco = COCO(str(path))
    assert [image["file_name"] for image in coco.dataset["images"]] == [
        "my dog/=cmd, a.jpg",
        "b.jpg",
        "clip.mp4/frame_000012.png",
    ]
    assert [len(coco.getAnnIds(imgIds=[number])) for number in (1, 2, 3)] == [2, 0, 1]
    assert coco.loadCats(1)[0]["name"] == "mouse & son"
    assert coco.loadCats(1)[0]["keypoints"] == NAMES
    assert coco.loadCats(1)[0]["skeleton"] == [[1, 2]]


def test_annotations_have_flags_only_of_what_was_found(written: Callable[..., str]) -> None:
    sure, lost, framed = json.loads(written(CocoAnnotations))["annotations"]
    assert sure["keypoints"] == [10.123, 20.456, 2, 639.5, 1.0, 2, 0, 0, 0]
    assert (sure["num_keypoints"], lost["num_keypoints"]) == (2, 1)
    assert lost["keypoints"] == [0, 0, 0, 0, 0, 0, 100.0, 479.0, 2]
    assert sure["bbox"] == [0, 20.0, 300.25, 460.0]  # of the box, what is in the image
    assert framed["keypoints"] == sure["keypoints"]
    assert [one["id"] for one in (sure, lost, framed)] == [1, 2, 3]


def test_results_name_images_by_their_ids(written: Callable[..., str]) -> None:
    sure, lost, framed = json.loads(written(CocoResults))
    assert sure == dict(
        image_id=7,
        category_id=1,
        keypoints=[10.123, 20.456, 0.9, 639.5, 1.0, 0.5, 320.0, 240.0, 0.1],
        score=0.5,
    )
    assert lost["keypoints"][:6] == [0, 0, 0, -3.0, 10.0, 0.8]
    assert (framed["image_id"], framed["frame"], framed["time"]) == (9, 12, 0.48)


def test_what_is_not_finite_leaves_valid_json(written: Callable[..., str]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"JSON has no {constant}")

    for writer in (KeypointJson, CocoAnnotations, CocoResults):
        json.loads(written(writer), parse_constant=refuse)
