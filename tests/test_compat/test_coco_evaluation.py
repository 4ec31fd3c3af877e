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
from mmhg.compat.xtcocotools_import import xtcocotools_works
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
