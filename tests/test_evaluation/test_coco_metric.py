"""COCO's AP on crowds, people without keypoints and parts of a file, against pycocotools alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpose.evaluation import CocoMetric
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmhg.datasets import CocoPersonDataset
from mmhg.engine.preflight.metrics import full_score
from mmhg.errors import InputError
from mmhg.evaluation import CocoPersonMetric, coco_metric

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


def perfect(people: list[dict[str, Any]], folder: Path, metric: Any) -> list[float]:
    """Score the annotations themselves, from a file of four images."""
    images = [dict(id=i, file_name=f"{i}.jpg", width=WIDTH, height=HEIGHT) for i in range(1, 5)]
    file = folder / "some.json"
    categories = [dict(id=1, name="person")]
    file.write_text(json.dumps(dict(images=images, annotations=people, categories=categories)))
    init_default_scope("mmpose")
    dataset = CocoPersonDataset(str(file), test_mode=True)
    metric.dataset_meta = dataset.metainfo
    for sample in dataset:
        found = dict(keypoints=sample["keypoints"], keypoint_scores=np.ones((1, 17)))
        truth = dict(bbox_scores=np.ones(1), bbox_scales=np.full((1, 2), 99.0))
        ids = {name: sample[name] for name in ("id", "img_id")}
        metric.process({}, [dict(ids, pred_instances=found, gt_instances=truth)])
    return list(metric.evaluate(len(dataset)).values())


@pytest.fixture
def four() -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    return [dict(made_person(rng, 0), id=i, image_id=i) for i in range(1, 5)]


@pytest.mark.parametrize("change", [dict(bbox=[0, 0, 0, 9]), dict(bbox=[WIDTH + 5, 0, 9, 9]), {}])
@pytest.mark.parametrize("kind", [CocoMetric, CocoPersonMetric])
def test_people_without_a_usable_box_do_not_count_as_missed(
    kind: Any, change: dict[str, Any], four: Any, tmp_path: Path
) -> None:
    del four[1]["bbox"]
    four[1] |= change
    assert perfect(four, tmp_path, kind())[0] == pytest.approx(1)


def test_other_things_than_people_have_no_keypoints(four: Any, tmp_path: Path) -> None:
    cars = [dict(id=9 + i, image_id=i, category_id=1, bbox=[5, 5, 20, 9], area=99) for i in (1, 2)]
    assert perfect([*four, *cars], tmp_path, CocoPersonMetric())[0] == pytest.approx(1)


def test_people_without_area(four: Any, tmp_path: Path) -> None:
    """Some are left out; without anybody's, it is refused before anything is predicted."""
    del four[0]["area"]
    four[2]["area"] = 0
    assert perfect(four, tmp_path, CocoPersonMetric())[0] == pytest.approx(1)
    for one in four:
        one["area"] = None
    with pytest.raises(
        InputError, match=r"some\.json: none of 4 people .* annotation 1.* use_area"
    ):
        perfect(four, tmp_path, CocoPersonMetric())
    assert perfect(four, tmp_path, CocoPersonMetric(use_area=False))[0] == pytest.approx(1)


def test_files_without_categories_or_annotations(tmp_path: Path, annotations: Path) -> None:
    content = json.loads(annotations.read_text())
    meta = dict(num_keypoints=17, sigmas=[0.05] * 17, dataset_name="coco")
    for key in ("categories", "annotations"):
        file = tmp_path / f"no_{key}.json"
        file.write_text(json.dumps({k: v for k, v in content.items() if k != key}))
        metric = CocoPersonMetric(str(file))
        with pytest.raises(InputError, match=rf"no_{key}\.json has no {key}"):
            metric.dataset_meta = meta


def test_a_byte_order_mark(annotations: Path, tmp_path: Path) -> None:
    file = tmp_path / "marked.json"
    file.write_text(annotations.read_text(), encoding="utf-8-sig")
    assert len(CocoPersonMetric(str(file)).coco.imgs) == IMAGES


def test_more_people_in_an_image_than_coco_counts(
    four: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(coco_metric, "warn_once", said.append)
    many = [dict(four[0], id=i, image_id=2) for i in range(1, 22)]
    perfect(many, tmp_path, CocoPersonMetric())
    assert "1 images have more than 20 people" in said[0]
    assert "for example image 2" in said[0]
