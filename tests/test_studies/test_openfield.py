"""The study of the mouse, on made frames and with a narrow network."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmhg.config import get_config
from test_docs.pages import ROOT

HEADER = """\
scorer,a,a,a,a,a,a,a,a
bodyparts,snout,snout,leftear,leftear,rightear,rightear,tailbase,tailbase
coords,x,y,x,y,x,y,x,y
"""


@pytest.fixture
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run", ROOT / "studies/openfield/run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Draw ten frames with a mouse of four keypoints; one is not labeled."""
    root = tmp_path / "data"
    (root / "labeled-data/clip").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for number in range(10):
        name = f"labeled-data/clip/{number}.png"
        frame = rng.integers(0, 255, (60, 80, 3), np.uint8)
        cv2.imwrite(str(root / name), frame)
        cells = [f"{value:.2f}" for value in rng.uniform(15, 45, 8)]
        rows.append(",".join([name, *cells[: 6 if number == 5 else 8]]) + ",," * (number == 5))
    (root / "labeled-data/clip/CollectedData_a.csv").write_text(HEADER + "\n".join(rows))
    return root


def test_a_fold(
    study: ModuleType, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def narrow(path: Path) -> Any:
        config = get_config(path)
        config.model.backbone.update(num_stacks=1, channels=16, stem_channels=(4, 8, 8))
        for loader in (config.train_dataloader, config.val_dataloader):
            loader.update(num_workers=0, persistent_workers=False, batch_size=4)
        return config

    monkeypatch.setattr(study, "get_config", narrow)
    # mmengine formats the config anew for each checkpoint, which takes longer than the training.
    monkeypatch.setattr(Config, "pretty_text", "")
    output = tmp_path / "out"
    words = ["run.py", str(data), "-o", str(output), "--folds", "0", "--epochs", "1"]
    monkeypatch.setattr(sys, "argv", words)
    study.main()
    result = json.loads((output / "scratch/fold0.json").read_text())
    assert result["frames"] == ["labeled-data/clip/0.png", "labeled-data/clip/5.png"]
    assert result["training_frames"] == 8
    for protocol in study.PROTOCOLS:
        errors = np.array(result["errors_px"][protocol], dtype=float)
        assert np.isnan(errors).tolist() == [[False] * 4, [False] * 3 + [True]]
        assert result["mean_error_px"][protocol] == pytest.approx(np.nanmean(errors), abs=1e-3)
    assert len({*result["mean_error_px"].values()}) == 3
    rows = [line.split("|") for line in (output / "table.md").read_text().splitlines()]
    (row,) = [cells for cells in rows if "whole frame" in map(str.strip, cells)]
    assert float(row[4]) == pytest.approx(result["mean_error_px"]["whole"], abs=0.005)

    monkeypatch.setattr(study, "run_fold", None)  # a fold that has a result is not run again
    study.main()


def test_config_sees_frames_whole_and_in_crops() -> None:
    config = get_config(ROOT / "studies/openfield/config.py")
    (choice,) = [step for step in config.train_pipeline if step.type == "RandomChoice"]
    whole, crop = choice.transforms
    assert whole[0].type == "WholeImageBox"
    assert whole[-1].scale_factor[0] < whole[-1].scale_factor[1] < crop[-1].scale_factor[1]
    kinds = [step.type for step in config.test_dataloader.dataset.pipeline]
    assert "WholeImageBox" in kinds
    assert "WholeImageBox" not in str(config.val_dataloader.dataset.pipeline)
    assert config.train_dataloader.dataset.hold_out == config.val_dataloader.dataset.hold_out == 5
