"""`mmhg convert-deeplabcut` as a command."""

import json
from pathlib import Path

import cv2
import numpy as np

LABELS = """\
scorer,me,me
bodyparts,nose,nose
coords,x,y
labeled-data/clip/a.png,3,4
"""


def test_converts(tmp_path: Path, call) -> None:
    folder = tmp_path / "project/labeled-data/clip"
    folder.mkdir(parents=True)
    (folder / "CollectedData_me.csv").write_text(LABELS)
    cv2.imwrite(str(folder / "a.png"), np.zeros((30, 40, 3), np.uint8))
    done = call(tmp_path, "convert-deeplabcut", "project", "-o", "all.json")
    assert done.returncode == 0, done.stderr
    assert "1 images, 1 animals" in done.stdout
    content = json.loads((tmp_path / "all.json").read_text())
    assert content["annotations"][0]["keypoints"] == [3, 4, 2]
    assert content["images"][0]["file_name"] == "labeled-data/clip/a.png"


def test_a_folder_without_labels(tmp_path: Path, call) -> None:
    done = call(tmp_path, "convert-deeplabcut", ".", "-o", "all.json")
    assert done.returncode == 2
    assert "CollectedData_" in done.stderr
    assert not (tmp_path / "all.json").exists()
