"""COCO's AP of the annotations is 1, and what it cannot count is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmpose.datasets import CocoDataset
from mmpose.evaluation.metrics import CocoMetric

from mmhg.compat import coco_evaluation
from mmhg.engine.preflight.coco import MOST_PEOPLE
from mmhg.engine.preflight.ground_truth import check_annotations, check_save_best
from mmhg.errors import InputError

STEPS = [
    dict(type="mmpose.LoadImage"),
    dict(type="mmpose.GetBBoxCenterScale"),
    dict(type="mmpose.TopdownAffine", input_size=(64, 64)),
    dict(type="mmpose.PackPoseInputs"),
]
WHOLE = [
    dict(type="mmpose.LoadImage"),
    dict(type="mmpose.BottomupResize", input_size=(64, 64), size_factor=32, resize_mode="expand"),
    dict(type="mmpose.PackPoseInputs", meta_keys=("id", "img_id", "img_path", "raw_ann_info")),
]


def person(number: int, image: int, x: float = 5.0, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    points = rng.uniform((x, 5), (x + 40, 45), (17, 2)).round(2)
    keypoints = np.column_stack([points, np.full(17, 2)]).ravel().tolist()
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "bbox": [x, 5.0, 40.0, 40.0],
        "area": 900.0,
        "iscrowd": 0,
        "num_keypoints": 17,
        "keypoints": keypoints,
        **changes,
    }


def unlabeled(number: int, image: int, **changes: Any) -> dict[str, Any]:
    return person(number, image, keypoints=[0] * 51, num_keypoints=0, **changes)


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Check the annotations of people: `check(people)`; gives lines, warnings and the result."""
    said: list[str] = []
    warned: list[str] = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "warning", warned.append)
    monkeypatch.setattr(coco_evaluation, "print_log", lambda text, **_: warned.append(text))

    def run(people: list[dict[str, Any]], pipeline: Any = STEPS, **settings: Any) -> Any:
        images = sorted({one["image_id"] for one in people})
        for image in images:
            cv2.imwrite(str(tmp_path / f"{image}.png"), np.zeros((100, 200, 3), np.uint8))
        file = tmp_path / "people.json"
        content = {
            "images": [
                {"id": image, "file_name": f"{image}.png", "width": 200, "height": 100}
                for image in images
            ],
            "annotations": people,
            "categories": [{"id": 1, "name": "person"}],
        }
        file.write_text(json.dumps(content))
        mode = "topdown" if pipeline is STEPS else "bottomup"
        use_area = settings.pop("use_area", True)
        dataset = CocoDataset(
            str(file),
            data_mode=mode,
            data_prefix=dict(img=f"{tmp_path}/"),
            test_mode=True,
            pipeline=pipeline,
            **settings,
        )
        evaluator = Evaluator(CocoMetric(str(file), use_area=use_area))
        evaluator.dataset_meta = dataset.metainfo
        said.clear()
        warned.clear()
        found = check_annotations(evaluator, dataset, said.append)
        (metric,) = evaluator.metrics
        assert metric.results == []
        assert metric.nms_mode == "oks_nms"
        return list(said), list(warned), found, metric

    return run


@pytest.mark.parametrize("pipeline", [STEPS, WHOLE])
def test_crowds_and_people_without_keypoints_as_coco_does(check: Any, pipeline: Any) -> None:
    people = [person(0, 3), person(1, 3, 60.0), person(2, 4)]
    people += [unlabeled(3, 3), person(4, 3, 120.0, iscrowd=1), unlabeled(5, 6)]
    said, warned, found, _ = check(people, pipeline)
    # Of three people, or of three images.
    assert said == ["annotations of 3 samples, given as predictions: 1 in CocoMetric"]
    assert warned == []
    assert found.names[0] == "coco/AP"


def test_people_of_whom_most_is_not_labeled_are_no_duplicates(check: Any) -> None:
    people = [person(index, 3, 30.0 * index) for index in range(3)]
    for one in people:
        flags = np.zeros((17, 1))
        flags[0] = 1
        points = np.array(one["keypoints"]).reshape(17, 3) * flags
        one.update(keypoints=points.ravel().tolist(), num_keypoints=1)
    assert "1 in CocoMetric" in check(people)[0][0]


def test_people_without_area_are_left_out_once(check: Any) -> None:
    people = [person(0, 3), person(1, 3, 60.0), person(2, 4, area=0)]
    del people[0]["area"]
    said, warned, _, metric = check(people)
    assert "1 in CocoMetric" in said[0]
    (text,) = warned
    assert "people.json: COCO's AP leaves out 2 of 3 people, who have no area above 0, for" in text
    assert "example annotation 0." in text
    assert metric.coco.left_out_said  # the validation does not say it again
    assert check(people, use_area=False)[1] == []


def test_without_a_replacement_people_without_area_are_refused(
    check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmhg.engine.preflight.coco._leaves_out_areas", lambda: False)
    with pytest.raises(InputError, match=r"1 people of .*people\.json have no area.* id 2, .*Set"):
        check([person(0, 3), person(2, 4, area=0)])


def test_more_people_in_an_image_than_coco_counts(check: Any) -> None:
    people = [person(index, 8, 8.0 * index, area=30.0) for index in range(MOST_PEOPLE + 1)]
    said, warned, *_ = check([*people, person(90, 9)])
    assert "1 in CocoMetric" in said[0]
    (text,) = warned
    assert "1 images have more than 20 people" in text
    assert "for example 8:" in text
    assert check([*people[1:], person(90, 9)])[1] == []


def test_people_whom_the_dataset_cannot_crop(check: Any) -> None:
    people = [person(0, 3), person(1, 3, 60.0, bbox=[60, 5, 0, 0]), person(2, 5, bbox=[5, 5, 0, 9])]
    said, warned, *_ = check(people)
    assert said == ["annotations of 1 samples, given as predictions: 1 in CocoMetric"]
    assert warned == []  # the file's reader says it


def test_images_that_the_dataset_lacks_are_an_error(check: Any) -> None:
    people = [person(index, index) for index in range(1, 6)]
    text = r"scores 5 images with people of .*people\.json, but 3 of them, for example 3, are not"
    with pytest.raises(InputError, match=text):
        check(people, indices=2)


def test_the_score_of_the_best_checkpoint_must_exist(check: Any) -> None:
    *_, found, _ = check([person(0, 3)])
    check_save_best(found, ["coco/AP", "auto"])
    with pytest.raises(InputError, match=r"is 'PCKh@0\.5', but val_evaluator gives coco/AP, "):
        check_save_best(found, ["PCKh@0.5"])
