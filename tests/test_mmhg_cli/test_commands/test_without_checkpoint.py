"""Commands take the weights that come with a config where no checkpoint is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmhg import Predictor
from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.config.catalog import get_config
from mmhg.demo import RefinementDemo
from mmhg.models.loading import load_model

Call = Callable[..., Any]
NAME = "hg2_lspet_128"


@pytest.fixture
def folder(tmp_path: Path, shipped: Path, lsp_root: Path) -> Path:
    """A folder with a photo, and LSPET where the config looks for it."""
    image = np.random.default_rng(0).integers(0, 255, (9, 6, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), cv2.resize(image, (96, 144)))
    (tmp_path / "data").symlink_to(lsp_root)
    return tmp_path


def test_predictor(folder: Path, shipped: Path) -> None:
    photo = folder / "photo.png"
    expected = Predictor(NAME, shipped, device="cpu")(photo)
    for predictor in (Predictor(device="cpu"), Predictor(NAME, device="cpu")):
        assert Path(predictor.config.filename).stem == NAME
        np.testing.assert_array_equal(predictor(photo).keypoints, expected.keypoints)


@pytest.mark.parametrize("network", [[], [NAME], [NAME, NAME]])
def test_infer(network: list[str], folder: Path, call: Call) -> None:
    done = call(folder, "infer", *network, "photo.png", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "each image was taken as one person's" in done.stdout
    found = json.loads((folder / "predictions/keypoints.json").read_text())
    keypoints, _ = Predictor(device="cpu")(folder / "photo.png")
    rows = np.reshape(found["annotations"][0]["keypoints"], (14, 3))
    np.testing.assert_allclose(rows[:, :2], keypoints[0], atol=0.002)
    assert found["info"]["model"] == (
        network if len(network) > 1 else [NAME, f"{NAME}.safetensors"]
    )


def test_infer_needs_an_input(folder: Path, call: Call) -> None:
    for words in ([], [NAME]):
        done = call(folder, "infer", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "give at least one INPUT: an image, a folder, a video, or --camera N" in done.stderr


def test_export(folder: Path, shipped: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = []
    monkeypatch.setattr("mmhg.export.export", lambda *given, **settings: exported.append(given))
    done = call(folder, "export", NAME)
    assert done.returncode == 0, done.stderr
    ((config, checkpoint, target),) = exported
    assert (Path(config.filename).stem, checkpoint) == (NAME, shipped)
    assert target == Path(f"{NAME}_onnx")


def test_demo(shipped: Path) -> None:
    about = RefinementDemo(device="cpu").describe()
    assert (about["config"], about["checkpoint"]) == (NAME, f"{NAME}.safetensors")


def test_test(folder: Path, call: Call, lsp_root: Path) -> None:
    """The results have the fingerprint that the model card asks for."""
    options = ("num_workers=0", "persistent_workers=False", "dataset.hold_out=None")
    options = [f"test_dataloader.{option}" for option in options]
    options.append("test_dataloader.dataset.indices=2")
    done = call(folder, "test", NAME, "--work-dir", "work", "--cfg-options", *options)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "work/results.json").read_text())
    assert results["weights"] == fingerprint(load_model(get_config(NAME)).state_dict())
    assert results["flip_test"] is True
    assert results["people"] == {"PCK@0.2 of the torso": 2}


def test_visualize(folder: Path, call: Call) -> None:
    words = ["--image", "photo.png", "--animation", "none", "--device", "cpu"]
    done = call(folder, "visualize", NAME, *words)
    assert done.returncode == 0, done.stderr
    assert (folder / f"{NAME}_stacks/sheet.png").is_file()


def test_train_from_them(folder: Path, call: Call, mpii_root: Path) -> None:
    """16 joints of MPII: the layers of the keypoints begin anew, all others are those loaded."""
    options = ["load_from=hg2_lspet_128", "train_cfg.max_epochs=1", "optim_wrapper.optimizer.lr=0"]
    options.append("param_scheduler=None")
    for split in ("train", "val"):
        loader = f"{split}_dataloader"
        options += [f"{loader}.num_workers=0", f"{loader}.persistent_workers=False"]
        options += [f"{loader}.dataset.data_root={mpii_root}/", f"{loader}.batch_size=2"]
    done = call(
        folder,
        "train",
        "hg2_synthetic_128",
        "--no-preflight",
        "--work-dir",
        "work",
        "--cfg-options",
        *options,
    )
    assert done.returncode == 0, done.stderr
    state = torch.load(folder / "work/epoch_1.pth", weights_only=True)["state_dict"]
    begun = load_model(get_config(NAME)).state_dict()
    same = {name for name, value in begun.items() if torch.equal(state[name], value)}
    weights = {name for name in begun if name.endswith((".weight", ".bias"))}
    anew = {name for name in weights if "prediction" in name or "reinject_heatmaps" in name}
    assert weights - same == anew
    (log,) = (folder / "work").glob("*/*.log")
    assert "fine-tuning from hg2_lspet_128: " in log.read_text()


def test_no_weights_come_with_the_others(folder: Path, call: Call) -> None:
    for command in ("test", "export", "visualize", "demo"):
        done = call(folder, command, "hg8_mpii_256")
        assert done.returncode == 2
        assert "no weights come with config hg8_mpii_256" in done.stderr
