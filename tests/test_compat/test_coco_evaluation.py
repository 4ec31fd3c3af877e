"""COCO's ten numbers without xtcocotools: its own, and pycocotools' where the two agree."""

import copy
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import coco as plain_coco
from pycocotools import cocoeval as plain_cocoeval

from mmhg.compat import coco_evaluation
from mmhg.errors import InputError

SIGMAS = np.linspace(0.025, 0.107, 17)


def made_people(rng: np.random.Generator) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Make labels and predictions: crowds, people without labels, images without either."""
    people: list[dict[str, Any]] = []
    predictions: list[dict[str, Any]] = []
    for image in range(40):
        for _ in range(0 if image % 7 == 0 else rng.integers(1, 6)):
            width, height = rng.uniform(20, 300, 2)
            corner = rng.uniform(0, 300, 2)
            points = corner + rng.random((17, 2)) * (width, height)
            flags = rng.integers(0, 3, 17) * (rng.random() > 0.1)
            labels = np.column_stack([points * (flags > 0)[:, None], flags])
            people.append(
                {
                    "id": len(people),  # from 0, which pycocotools takes for no match
                    "image_id": image,
                    "category_id": 1,
                    "keypoints": labels.ravel().tolist(),
                    "num_keypoints": int(np.count_nonzero(flags)),
                    "bbox": [*corner, width, height],
                    "area": width * height * rng.uniform(0.3, 0.8),
                    "iscrowd": int(rng.random() < 0.1),
                }
            )
            for _ in range(rng.integers(0, 3) if image % 5 else 0):
                guess = points + rng.normal(0, 0.03, (17, 2)) * (width, height)
                scores = rng.random(17) * (rng.random() > 0.05)
                predictions.append(
                    {
                        "image_id": image,
                        "category_id": 1,
                        "keypoints": np.column_stack([guess, scores]).ravel().tolist(),
                        "score": float(rng.integers(1, 10) / 10),  # with ties
                    }
                )
    categories = [{"id": 1, "name": "person", "keypoints": [f"k{i}" for i in range(17)]}]
    images = [{"id": image, "width": 640, "height": 480} for image in range(40)]
    return {"images": images, "annotations": people, "categories": categories}, predictions


@pytest.fixture
def made() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return made_people(np.random.default_rng(0))


def numbers(api: Any, evaluation: Any, made: Any, folder: Path, *arguments: Any) -> np.ndarray:
    labels, predictions = made
    file = folder / "labels.json"
    file.write_text(json.dumps(labels))
    truth = api.COCO(str(file))
    results = truth.loadRes(copy.deepcopy(predictions))
    scores = evaluation.COCOeval(truth, results, "keypoints", *arguments)
    scores.evaluate()
    scores.accumulate()
    scores.summarize()
    return scores.stats


def ours(made: Any, folder: Path, *arguments: Any) -> np.ndarray:
    return numbers(coco_evaluation, coco_evaluation, made, folder, *arguments)


def through_mmpose(made: Any, folder: Path, monkeypatch: Any, api: Any, evaluation: Any) -> Any:
    labels, predictions = made
    file = folder / "labels.json"
    file.write_text(json.dumps(labels))
    module = import_module("mmpose.evaluation.metrics.coco_metric")
    monkeypatch.setattr(module, "COCO", api.COCO)
    monkeypatch.setattr(module, "COCOeval", evaluation.COCOeval)
    metric = module.CocoMetric(ann_file=str(file))
    metric.dataset_meta = {"num_keypoints": 17, "sigmas": SIGMAS}
    for index, prediction in enumerate(predictions):
        points = np.array(prediction["keypoints"]).reshape(1, 17, 3)
        corners = [points[..., :2].min(axis=1), points[..., :2].max(axis=1)]
        people = {
            "keypoints": points[..., :2],
            "keypoint_scores": points[..., 2],
            "bboxes": np.concatenate(corners, axis=1),
            "bbox_scores": np.array([prediction["score"]]),
        }
        sample = {"id": index, "img_id": prediction["image_id"], "pred_instances": people}
        metric.process({}, [{**sample, "gt_instances": {}}])
    return np.array(list(metric.evaluate(len(predictions)).values()))


XTCOCOTOOLS = {
    "COCO's sigmas": [
        *(0.3203605507562298, 0.47973060453881894, 0.4015408543051783, 0.33753446057628106),
        *(0.29710584339426277, 0.4023529411764706, 0.5411764705882353, 0.5058823529411764),
        *(0.39749999999999996, 0.4023809523809524),
    ],
    "sigmas": [
        *(0.3314744093842453, 0.47973060453881894, 0.3947251921530457, 0.345257600411135),
        *(0.3113875130870872, 0.41529411764705887, 0.5411764705882353, 0.5058823529411764),
        *(0.40750000000000003, 0.41904761904761906),
    ],
    "sigmas, no area": [
        *(0.3437266511381253, 0.47973060453881894, 0.444248433450389, 0.33313559280864086),
        *(0.347555676286661, 0.4258823529411765, 0.5411764705882353, 0.5294117647058824),
        *(0.3925, 0.45000000000000007),
    ],
    "through MMPose": [
        *(0.32654233691689855, 0.4812298512752381, 0.3852345160495845, 0.3394995274873012),
        *(0.3099585319620042, 0.41529411764705887, 0.5411764705882353, 0.5058823529411764),
        *(0.40750000000000003, 0.41904761904761906),
    ],
}
ARGUMENTS = {"COCO's sigmas": (), "sigmas": (SIGMAS,), "sigmas, no area": (SIGMAS, False)}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_the_numbers_that_xtcocotools_gave(case: str, made: Any, tmp_path: Path) -> None:
    stats = ours(made, tmp_path, *ARGUMENTS[case])
    np.testing.assert_allclose(stats, XTCOCOTOOLS[case], rtol=1e-12)


def test_through_mmpose(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stats = through_mmpose(made, tmp_path, monkeypatch, coco_evaluation, coco_evaluation)
    np.testing.assert_allclose(stats, XTCOCOTOOLS["through MMPose"], rtol=1e-12)


@pytest.mark.skipif(
    import_module("xtcocotools.coco") is coco_evaluation,
    reason="xtcocotools is not installed here",
)
@pytest.mark.parametrize("seed", range(5))
def test_equal_to_xtcocotools_where_it_works(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_people(np.random.default_rng(seed))
    theirs = [import_module(f"xtcocotools.{name}") for name in ("coco", "cocoeval")]
    for arguments in ARGUMENTS.values():
        expected = numbers(*theirs, made, tmp_path, *arguments)
        np.testing.assert_array_equal(ours(made, tmp_path, *arguments), expected)
    expected = through_mmpose(made, tmp_path, monkeypatch, *theirs)
    stats = through_mmpose(made, tmp_path, monkeypatch, coco_evaluation, coco_evaluation)
    np.testing.assert_array_equal(stats, expected)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_pycocotools_where_the_rules_agree(seed: int, tmp_path: Path) -> None:
    labels, predictions = made_people(np.random.default_rng(seed))
    for person in labels["annotations"]:
        person["id"] += 1
    predictions = [p for p in predictions if any(p["keypoints"][2::3])]
    agreed = (labels, predictions)
    assert any(person["iscrowd"] for person in labels["annotations"])
    expected = numbers(plain_coco, plain_cocoeval, agreed, tmp_path)
    np.testing.assert_array_equal(ours(agreed, tmp_path), expected)
    assert expected.min() > 0.1


def test_without_predictions_every_number_is_zero(made: Any, tmp_path: Path) -> None:
    np.testing.assert_array_equal(ours((made[0], []), tmp_path), np.zeros(10))


def test_people_without_iscrowd_are_no_crowd(made: Any, tmp_path: Path) -> None:
    for person in made[0]["annotations"]:
        person["iscrowd"] = 0
    expected = ours(made, tmp_path)
    for person in made[0]["annotations"]:
        del person["iscrowd"]
    np.testing.assert_array_equal(ours(made, tmp_path), expected)


@pytest.mark.parametrize("area", [None, 0, float("nan"), "missing"])
def test_people_without_area_are_left_out_and_said_once(
    area: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def person(number: int, place: float) -> dict[str, Any]:
        points = np.column_stack([np.linspace(place, place + 90, 17), np.full((17, 2), 2.0)])
        flat = [round(float(value), 2) for value in points.ravel()]
        common = {"image_id": 0, "category_id": 1, "keypoints": flat}
        return {**common, "id": number, "bbox": [place, 0, 90, 90], "iscrowd": 0, "area": 4000.0}

    people = [person(3, 0.0), person(4, 300.0), person(5, 900.0)]
    found = [{**people[index], "score": 0.5} for index in (0, 1)]  # one with area is missed
    people[1]["area"] = area
    if area == "missing":
        del people[1]["area"]
    categories = [{"id": 1, "name": "person"}]
    images = [{"id": 0, "width": 999, "height": 99}]
    made = {"images": images, "annotations": people, "categories": categories}, found
    said: list[str] = []
    monkeypatch.setattr(coco_evaluation, "print_log", lambda text, **_: said.append(text))
    stats = ours(made, tmp_path, SIGMAS)
    assert stats[0] == pytest.approx(51 / 101)  # recall of a half, without the person left out
    assert stats[5] == 0.5
    (text,) = said
    assert text.startswith("annotation file ")
    assert "labels.json: COCO's AP leaves out 1 of 3 people, who have no area above 0, for" in text
    assert "example annotation 4. use_area=False" in text
    assert ours(made, tmp_path, SIGMAS, False)[5] == pytest.approx(2 / 3)
    assert len(said) == 1


@pytest.mark.parametrize("kind", ["keypoints_crowd", "keypoints_wholebody"])
def test_other_evaluations_are_refused(kind: str) -> None:
    with pytest.raises(InputError, match=rf"iou_type='{kind}' needs xtcocotools"):
        coco_evaluation.COCOeval(coco_evaluation.COCO(), coco_evaluation.COCO(), kind)
