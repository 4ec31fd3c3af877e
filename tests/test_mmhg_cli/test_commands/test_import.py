"""Three commands: from labels to a trained and exported network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mmhg.labels
from mmhg_cli.command_line import command
from test_own_points.made import faces


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with faces, which the labels' reader returns."""
    labels = faces(tmp_path / "data/faces", 8)
    asked = []

    def read_labels(*words):
        asked.append(words)
        return labels

    monkeypatch.setattr(mmhg.labels, "read_labels", read_labels)
    labels.notes.append(f"asked {asked!r}")
    return tmp_path


@pytest.mark.slow
def test_from_labels_to_an_exported_network(folder: Path, call, shipped: Path) -> None:
    config = "data/mine/config.py"
    done = call(folder, "import", "data/faces", "-o", "data/mine")
    assert done.returncode == 0, done.stderr
    assert "cvat: 8 images, 8 objects (object), 3 keypoints" in done.stdout
    assert "split: 7 images train, 1 validate, by image" in done.stdout
    assert f"    mmhg export {config}" in done.stdout

    done = call(folder, "export", config)
    assert done.returncode == 2
    assert "data/mine/training has no checkpoint of a training" in done.stderr

    options = ["train_cfg.max_epochs=1", "param_scheduler=None", "train_dataloader.batch_size=4"]
    for loader in ("train", "val", "test"):
        options += [
            f"{loader}_dataloader.{each}" for each in ("num_workers=0", "persistent_workers=False")
        ]
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    config = "../data/mine/config.py"
    done = call(elsewhere, "train", config, "--cfg-options", *options)
    assert done.returncode == 0, done.stderr
    training = folder / "data/mine/training"
    (log,) = training.glob("*/*.log")
    assert "fine-tuning from hg2_lspet_128: 680 tensors are loaded, 6 begin anew" in log.read_text()
    best = training / "best_mean_px_epoch_1.pth"
    error = json.loads((training / "results.json").read_text())["mean_px"]

    done = call(elsewhere, "test", config, "--cfg-options", *options)
    assert done.returncode == 0, done.stderr
    assert f"checkpoint: {best}" in done.stderr

    done = call(elsewhere, "export", config)
    assert done.returncode == 0, done.stderr
    assert f"checkpoint: {best}" in done.stderr
    predict = elsewhere / "best_mean_px_epoch_1_onnx/predict.py"
    photo = folder / "data/faces/0.png"
    shown = subprocess.run(
        [sys.executable, str(predict), str(photo)], capture_output=True, text=True, cwd=elsewhere
    )
    assert shown.returncode == 0, shown.stderr
    for words in ([config], ["best_mean_px_epoch_1_onnx"]):
        done = call(elsewhere, "infer", *words, photo, "--two-pass", "--no-pictures")
        assert done.returncode == 0, done.stderr
    assert 0 < error < 80


def test_options(folder: Path, call) -> None:
    words = ["--flip-pairs", "nose,left_eye", "--val", "0.5", "--padding", "0.1", "--copy"]
    done = call(folder, "import", "data/faces", "-o", "mine", "--group", "image", *words)
    assert done.returncode == 0, done.stderr
    assert "1 pair as you say" in done.stdout
    assert "split: 4 images train, 4 validate, by image" in done.stdout
    assert "pictures: mine/images" in done.stdout
    (annotation, *_) = json.loads((folder / "mine/train.json").read_text())["annotations"]
    assert annotation["bbox"][2:] == [24, 18]  # 20 x 14, and 2 on each side
    again = call(folder, "import", "data/faces", "-o", "mine")
    assert (again.returncode, again.stdout) == (2, "")
    assert "mine already exists" in again.stderr


def test_warnings(folder: Path, call, monkeypatch: pytest.MonkeyPatch) -> None:
    done = call(folder, "import", "data/faces", "-o", "mine", "--group", "folder")
    assert done.returncode == 0, done.stderr
    assert "warning: all images are of one folder" in done.stderr


def test_a_share_or_groups() -> None:
    read = command("import").share_or_groups
    assert [read(words) for words in (None, ["0.2"], ["3"], ["0.2", "a"])] == [
        None,
        0.2,
        ["3"],
        ["0.2", "a"],
    ]
