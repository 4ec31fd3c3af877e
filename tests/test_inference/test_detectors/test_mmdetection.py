"""The boxes of a detector of MMDetection."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmhg.errors import InputError
from mmhg.inference import PersonDetector
from mmhg.inference.detectors import mmdetection

FOUND = [  # box, score, class
    ([0, 0, 40, 80], 0.9, 0),
    ([1, 0, 40, 80], 0.8, 0),  # of the same person
    ([60, 0, 90, 80], 0.31, 0),
    ([60, 0, 90, 80], 0.95, 16),  # a dog
    ([60, 0, 90, 40], 0.29, 0),  # below the threshold
    ([200, 0, 240, 80], 0.9, 0),  # outside of the image
]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "config.py", tmp_path / "weights.pth"]
    for path in paths:
        path.touch()
    return paths


@pytest.fixture(autouse=True)
def mmdet(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Replace MMDetection's inferencer by one that finds FOUND; return its settings."""
    made: list[dict[str, Any]] = []

    class DetInferencer:
        def __init__(self, *files: str, **settings: Any) -> None:
            made.append(settings | {"files": files})

        def __call__(self, image: np.ndarray, return_datasamples: bool) -> dict[str, Any]:
            boxes, scores, labels = zip(*FOUND, strict=True)
            found = InstanceData(
                bboxes=torch.tensor(boxes, dtype=torch.float32),
                scores=torch.tensor(scores),
                labels=torch.tensor(labels),
            )
            return {"predictions": [SimpleNamespace(pred_instances=found)]}

    apis = ModuleType("mmdet.apis")
    apis.DetInferencer = DetInferencer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mmdet.apis", apis)
    monkeypatch.setattr(mmdetection, "find_spec", lambda name: name)
    return made


def test_people_alone_each_once(files: list[Path], mmdet: list[dict[str, Any]]) -> None:
    find = PersonDetector(*files, device="cpu")
    assert find(np.zeros((100, 100, 3), np.uint8)).tolist() == [[0, 0, 40, 80], [60, 0, 90, 80]]
    assert find.description == dict(name="config.py", checkpoint="weights.pth", threshold=0.3)
    assert mmdet[0]["device"] == "cpu" and mmdet[0]["files"] == tuple(map(str, files))


def test_files_that_are_not_there(files: list[Path]) -> None:
    files[1].unlink()
    with pytest.raises(InputError, match=r"no such file: .*weights\.pth"):
        PersonDetector(*files)
