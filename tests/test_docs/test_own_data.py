"""The worked example of docs/own_data.md, run as it stands, on fewer faces and for one epoch."""

import json
import runpy
import shutil
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmhg import Predictor
from test_docs.pages import ROOT, code_blocks

PAGE = ROOT / "docs/own_data.md"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with our configs, the page's files and the faces that its script draws."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    titled = {rest: code for rest, code in code_blocks(PAGE, "python") if rest}
    for path in ("make_faces.py", "configs/faces.py"):
        (tmp_path / path).write_text(titled[f'title="{path}"'], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("make_faces.py")
    return tmp_path


def test_annotations_of_the_page_have_the_form_of_those_drawn(example: Path) -> None:
    [(_, shown)] = code_blocks(PAGE, "json")
    page, drawn = json.loads(shown), json.loads((example / "data/faces/val.json").read_text())
    assert page["categories"] == drawn["categories"]
    for kind in ("images", "annotations"):
        assert page[kind][0].keys() == drawn[kind][0].keys()
    [person] = page["annotations"]
    assert person["num_keypoints"] == sum(flag > 0 for flag in person["keypoints"][2::3])


def test_trains_evaluates_and_predicts(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = Config.fromfile("configs/faces.py")
    cfg.work_dir = "work_dirs/faces"
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.param_scheduler = None
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.indices = 8
    # mmengine formats the config anew for each checkpoint, which takes longer than the training.
    monkeypatch.setattr(Config, "pretty_text", cfg.pretty_text)
    runner = Runner.from_cfg(cfg)
    runner.train()

    dataset = runner.val_dataloader.dataset
    assert dataset.metainfo["flip_indices"] == [1, 0, 2, 4, 3]
    results = json.loads(Path("work_dirs/faces/results.json").read_text())
    assert 0 <= results["coco/AP"] <= 1
    assert Path("work_dirs/faces/predictions.png").is_file()

    predictor = Predictor("configs/faces.py", "work_dirs/faces/epoch_1.pth", device="cpu")
    keypoints, scores = predictor("data/faces/images/val_001.jpg", [[40, 40, 120, 120]])
    assert keypoints.shape == (1, 5, 2)
    assert scores.shape == (1, 5)
