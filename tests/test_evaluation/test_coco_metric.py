"""COCO's AP on crowds, people without keypoints and parts of a file, against pycocotools alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmhg.datasets import CocoPersonDataset
from mmhg.engine.preflight.metrics import full_score
from mmhg.evaluation import CocoPersonMetric

WIDTH, HEIGHT, IMAGES = 320, 240, 24


def made_person(rng: np.random.Generator, kind: int) -> dict[str, Any]:
    """Make a person (kind 0 to 5), one without keypoints (6) or a crowd (7)."""
    width, height = rng.uniform(12, 30, 2) if kind == 5 else rng.uniform(50, 150, 2)
    corner = rng.uniform(0, (WIDTH - width, HEIGHT - height))
    flags = rng.integers(0, 3, 17) * (kind < 6)
    flags[0] = 2 * (kind < 6)
    points = (corner + rng.random((17, 2)) * (width, height)) * (flags > 0)[:, None]
    left, top = corner
    outline = [[left, top, left + width, top, left + width, top + height]]
    crowd = dict(counts=[0, WIDTH * HEIGHT // 2, WIDTH * HEIGHT // 2], size=[HEIGHT, WIDTH])
    return dict(
        category_id=1,
        iscrowd=int(kind == 7),
        segmentation=crowd if kind == 7 else outline,
        bbox=[*corner, width, height],
        area=width * height * 0.6,
        num_keypoints=int((flags > 0).sum()),
        keypoints=np.column_stack([points, flags]).ravel().tolist(),
    )


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    people: list[dict[str, Any]] = []
    for image in range(1, IMAGES + 1):
        for _ in range(image % 5):  # every fifth image has nobody
            person = made_person(rng, int(rng.integers(0, 8)))
            people.append(dict(person, id=len(people) + 1, image_id=image))
    small = [one for one in people if one["num_keypoints"] and one["area"] < 32**2]
    assert small and {one["iscrowd"] for one in people} == {0, 1}
    images = [
        dict(id=image, file_name=f"{image}.jpg", width=WIDTH, height=HEIGHT)
        for image in range(1, IMAGES + 1)
    ]
    categories = [dict(id=1, name="person", keypoints=[f"k{k}" for k in range(17)], skeleton=[])]
    path = tmp_path_factory.mktemp("coco") / "people.json"
    path.write_text(json.dumps(dict(images=images, annotations=people, categories=categories)))
    return path


def scores(
    annotations: Path, results: Path, noise: float, **settings: Any
) -> tuple[list[float], CocoPersonDataset]:
    """Predict all people of the dataset, off by `noise` of their size, and evaluate."""
    init_default_scope("mmpose")
    dataset = CocoPersonDataset(str(annotations), test_mode=True, **settings)
    metric = CocoPersonMetric(outfile_prefix=str(results))
    metric.dataset_meta = dataset.metainfo
    rng = np.random.default_rng(1)
    for sample in dataset:
        size = (sample["bbox"][:, 2:] - sample["bbox"][:, :2]).mean()
        found = sample["keypoints"] + rng.normal(0, 1, sample["keypoints"].shape) * noise * size
        confidence = np.full((1, 17), 0.9) if not noise else rng.uniform(0.3, 1, (1, 17))
        metric.process(
            {},
            [
                dict(
                    id=sample["id"],
                    img_id=sample["img_id"],
                    pred_instances=dict(keypoints=found, keypoint_scores=confidence),
                    gt_instances=dict(
                        bbox_scores=np.ones(1), bbox_scales=np.full((1, 2), size), keypoints=found
                    ),
                )
            ],
        )
    return list(metric.evaluate(len(dataset)).values()), dataset


def alone(annotations: Path, results: Path, image_ids: list[int]) -> np.ndarray:
    """Evaluate by pycocotools and nothing else."""
    truth = COCO(str(annotations))
    found = truth.loadRes(f"{results}.keypoints.json")
    evaluation = COCOeval(truth, found, "keypoints")
    evaluation.params.imgIds = image_ids
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats


@pytest.mark.parametrize("settings", [{}, {"hold_out": 3}], ids=["all", "held out"])
def test_perfect_predictions_score_1(
    settings: dict[str, Any], annotations: Path, tmp_path: Path
) -> None:
    found, dataset = scores(annotations, tmp_path / "results", 0, **settings)
    np.testing.assert_allclose(found, 1, atol=1e-6)
    assert len(dataset.metainfo["image_ids"]) == (IMAGES // 3 if settings else IMAGES)


@pytest.mark.parametrize("settings", [{}, {"hold_out": 3}], ids=["all", "held out"])
@pytest.mark.parametrize("noise", [0, 0.03, 0.06])
def test_equal_to_pycocotools_alone(
    noise: float, settings: dict[str, Any], annotations: Path, tmp_path: Path
) -> None:
    found, dataset = scores(annotations, tmp_path / "results", noise, **settings)
    expected = alone(annotations, tmp_path / "results", dataset.metainfo["image_ids"])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    if noise:
        assert 0.05 < found[0] < 0.95


def test_images_without_a_prediction_count_as_missed(annotations: Path, tmp_path: Path) -> None:
    """An evaluation of the images that were predicted alone would not see them."""
    boxes = tmp_path / "boxes.json"
    first = json.loads(annotations.read_text())["annotations"][0]
    boxes.write_text(json.dumps([dict(image_id=1, category_id=1, bbox=first["bbox"], score=1)]))
    found, _ = scores(annotations, tmp_path / "results", 0, bbox_file=str(boxes))
    assert found[0] < 0.1


def test_the_preflight_knows_its_full_score() -> None:
    assert full_score(CocoPersonMetric()) == 1.0
