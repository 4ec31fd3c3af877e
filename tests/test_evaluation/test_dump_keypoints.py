"""Keypoints as a plain file, read back as predictions."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation import DumpKeypoints
from mmhg.results.prediction_files import read_predictions


def sample(number: int, **metainfo) -> dict:
    keypoints = torch.arange(32.0).reshape(1, 16, 2) + number
    predicted = {"keypoints": keypoints, "keypoint_scores": np.full((1, 16), 0.25)}
    return {"id": number, "img_path": "a.jpg", "pred_instances": predicted, **metainfo}


def dump(path: Path, samples: list[dict]) -> list[dict]:
    metric = DumpKeypoints(str(path))
    metric.process(None, samples)
    assert metric.evaluate(1) == {}
    return json.loads(path.read_text())


def test_people_by_id_each_once(tmp_path: Path) -> None:
    people = dump(tmp_path / "new/preds.json", [sample(5), sample(2), sample(5)])
    assert [person["id"] for person in people] == [2, 5]
    assert people[1] == {
        "id": 5,
        "image": "a.jpg",
        "keypoints": (np.arange(32.0).reshape(16, 2) + 5).tolist(),
        "scores": [0.25] * 16,
    }


def test_read_back_one_based_with_the_scales(tmp_path: Path) -> None:
    dump(tmp_path / "preds.json", [sample(0, test_scales=(0.8, 1.0))])
    found = read_predictions(tmp_path / "preds.json")
    np.testing.assert_array_equal(found.joints[0], np.arange(32.0).reshape(16, 2) + 1)
    assert found.scales == "multi-scale 0.8 1"


def test_other_endings_are_refused() -> None:
    with pytest.raises(InputError, match=r"must end in \.json, got preds\.pkl"):
        DumpKeypoints("preds.pkl")


def test_is_registered() -> None:
    assert METRICS.get("DumpKeypoints") is DumpKeypoints
