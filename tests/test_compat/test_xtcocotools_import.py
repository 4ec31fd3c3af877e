"""MMPose's imports of xtcocotools, where it is absent or does not work."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pycocotools import coco

from mmhg.compat.xtcocotools_import import check_files
from mmhg.errors import InputError


def test_an_xtcocotools_that_works_reads_with_checks(tmp_path: Path) -> None:
    reading: Any = SimpleNamespace(COCO=coco.COCO)
    check_files(reading)
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(InputError, match=r"a\.json is not in COCO's format"):
        reading.COCO(str(tmp_path / "a.json"))
    image = {"id": 1, "file_name": "1.jpg", "width": 64, "height": 64}
    (tmp_path / "a.json").write_text(json.dumps({"images": [image]}))
    assert reading.COCO(str(tmp_path / "a.json")).imgs == {1: image}
    assert reading.COCO().imgs == {}


WRITE = """
import pickle, sys
import mmhg
from mmpose.datasets import CocoDataset, CombinedDataset
import xtcocotools.cocoeval, xtcocotools.mask
from importlib.util import find_spec
assert find_spec("xtcocotools") is not None
print(xtcocotools.cocoeval.COCOeval.__module__, xtcocotools.mask.__name__)
inner = dict(type="CocoDataset", ann_file=sys.argv[1], test_mode=True, pipeline=[])
dataset = CombinedDataset(CocoDataset.METAINFO, [inner], pipeline=[])
pickle.dump(dataset, open(sys.argv[2], "wb"))
mmhg.compat.apply()
"""
READ = """
import pickle, sys
dataset = pickle.load(open(sys.argv[1], "rb"))
print(type(dataset).__name__, len(dataset), dataset.datasets[0][0]["id"])
"""


def test_a_broken_xtcocotools_is_replaced_in_spawned_processes_too(tmp_path: Path) -> None:
    """A wheel for numpy 1 raises ValueError beside numpy 2; a worker unpickles the dataset."""
    (tmp_path / "xtcocotools.py").write_text("raise ValueError('numpy.dtype size changed')\n")
    person = {"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "area": 900}
    person |= {"keypoints": [5, 6, 2] * 17, "num_keypoints": 17, "iscrowd": 0}
    image = {"id": 1, "file_name": "1.jpg", "width": 64, "height": 64}
    labels = {"images": [image], "annotations": [person], "categories": [{"id": 1, "name": "p"}]}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    path = os.pathsep.join([str(tmp_path), *sys.path])

    def run(script: str, *names: str) -> str:
        command = [sys.executable, "-W", "ignore", "-c", script]
        return subprocess.run(
            [*command, *(str(tmp_path / name) for name in names)],
            cwd=tmp_path,
            env=dict(os.environ, PYTHONPATH=path),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    expected = "mmhg.compat.coco_evaluation pycocotools.mask"
    assert expected in run(WRITE, "labels.json", "dataset.pickle")
    assert run(READ, "dataset.pickle").splitlines()[-1] == "CombinedDataset 1 7"
