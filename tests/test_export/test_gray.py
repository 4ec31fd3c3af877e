"""The X-rays of docs/pictures.md: trained, tested, found, exported, and run without torch."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmhg import Predictor, get_config
from mmhg.config import with_channels
from mmhg.engine import PreflightHook
from mmhg.errors import InputError
from mmhg.export import export, load
from mmhg.inference import TwoPass
from mmhg_cli import main
from test_export.test_predict import run


def narrow(folder: Path, work_dir: Path) -> Config:
    """Shrink the example to one stack of 16 channels, one epoch and the drawn X-rays.

    UDP's step is as large as a heatmap's logarithm is flat, which it is after one epoch.
    """
    config = get_config("gray_xray")
    config.model.head.decoder.type = "MSRAHeatmap"
    config.work_dir = str(work_dir)
    config.model.backbone.update(num_stacks=1, channels=16, stem_channels=(4, 8, 8))
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(batch_size=4, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = f"{folder}/"
    config.train_cfg.update(max_epochs=1, val_interval=1)
    config.param_scheduler = None
    return config


@pytest.mark.slow
def test_one_channel_from_training_to_a_folder_without_torch(
    xray_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    pytest.importorskip("onnxruntime")
    config = narrow(xray_root, tmp_path / "work")
    monkeypatch.setattr(Config, "pretty_text", config.pretty_text)
    runner = Runner.from_cfg(config)
    runner.register_hook(PreflightHook())
    runner.train()
    assert runner.model.backbone.stem[0].weight.shape[1] == 1
    assert cv2.imread(str(tmp_path / "work/predictions.png")).std() > 10
    batch = next(iter(runner.val_dataloader))["inputs"][0]
    assert batch.shape == (1, 224, 320)
    assert 100 < batch.max() < 256  # 12 bits fill the range

    file = tmp_path / "config.py"
    config.dump(file)
    checkpoint = tmp_path / "trained.pth"
    state = runner.model.state_dict()
    state["backbone.stacks.0.prediction.weight"] *= 10  # as clear as a trained network's
    state["backbone.stacks.0.prediction.bias"] += 10  # and positive somewhere
    torch.save(dict(state_dict=state), checkpoint)
    path = xray_root / "images/val_001.png"
    predictor = Predictor(str(file), checkpoint, device="cpu")
    keypoints, scores = predictor(path)
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16
    for same in (stored, stored[..., None], cv2.merge([stored] * 3)):
        np.testing.assert_allclose(predictor(same).keypoints, keypoints, atol=1e-3)
    assert not np.allclose(predictor(stored // 2).scores, scores)  # values count, not their range
    assert TwoPass(predictor)(path).keypoints.shape == (1, 4, 2)

    main(["test", str(file), str(checkpoint), "--work-dir", str(tmp_path / "tested")])
    export(config, checkpoint, tmp_path / "out")
    described = json.loads((tmp_path / "out/model.json").read_text())["input"]
    assert described["channels"] == "gray"
    assert described["value_range"] == [0, 4095]
    assert (described["mean"], described["std"]) == ([0], [255])
    done = run(tmp_path / "out", path)
    assert done.returncode == 0, done.stderr
    (person,) = json.loads(done.stdout)
    alone = np.reshape(person["keypoints"], (4, 3))
    np.testing.assert_allclose(alone[:, :2], keypoints[0], atol=0.5)

    for model in ([str(file), str(checkpoint)], [str(tmp_path / "out")]):
        output = tmp_path / f"found{len(model)}"
        assert main(["infer", *model, str(path), "-o", str(output)]) == 0
        found = json.loads((output / "keypoints.json").read_text())["annotations"][0]
        found = np.reshape(found["keypoints"], (4, 3))
        np.testing.assert_allclose(found[:, :2], keypoints[0], atol=0.5)
        assert cv2.imread(str(output / "val_001.png")).max() > 200  # is to be seen


def test_settings_that_do_not_belong_together_are_refused(xray_root: Path, tmp_path: Path) -> None:
    config = narrow(xray_root, tmp_path / "work")
    config.model.backbone.in_channels = 3
    runner = Runner.from_cfg(config)
    with pytest.raises(InputError, match=r"images of 1 channels.*in_channels is 3.*with_channels"):
        PreflightHook().before_train(runner)
    config.model.backbone.in_channels = 1
    config.model.data_preprocessor.bgr_to_rgb = True
    config.experiment_name = "exchanged"
    runner = Runner.from_cfg(config)
    with pytest.raises(InputError, match="exchanges the first and the third"):
        PreflightHook().before_train(runner)


@pytest.mark.parametrize("mode", ["transformed", "original"])
def test_browse_shows_gray_pictures(xray_root: Path, tmp_path: Path, mode: str) -> None:
    narrow(xray_root, tmp_path).dump(tmp_path / "config.py")
    command = ["browse", str(tmp_path / "config.py"), "--not-show", "--max-item-per-dataset", "1"]
    main([*command, "--mode", mode, "--output-dir", str(tmp_path / "seen")])
    picture = cv2.imread(str(tmp_path / "seen/train_001.png"))
    assert picture.shape[1:] == (320, 3)
    assert picture.max() > 200


def test_five_channels(tmp_path: Path, make) -> None:
    """Arrays of five channels, by the predictor and by the exported folder's."""
    pytest.importorskip("onnxruntime")
    config, _ = make("hg2_synthetic_128")
    names = ("model", "train_dataloader", "val_dataloader", "test_dataloader")
    config.update(dict(zip(names, with_channels(config, 5), strict=True)))
    from mmpose.apis import init_model  # once mmhg has applied what it needs

    torch.manual_seed(0)
    state = init_model(config, device="cpu").state_dict()
    state["backbone.stacks.1.prediction.weight"] *= 10  # as clear as a trained network's
    state["backbone.stacks.1.prediction.bias"] += 10  # and positive somewhere
    torch.save(dict(state_dict=state), tmp_path / "five.pth")
    array = np.random.default_rng(0).integers(0, 256, (60, 80, 5), np.uint8)
    array = np.dstack([cv2.GaussianBlur(one, (0, 0), 3) for one in np.moveaxis(array, 2, 0)])
    np.save(tmp_path / "five.npy", array)
    keypoints, _ = Predictor(config, tmp_path / "five.pth", device="cpu")(tmp_path / "five.npy")
    export(config, tmp_path / "five.pth", tmp_path / "out")
    alone, _ = load(tmp_path / "out")([str(tmp_path / "five.npy")])
    np.testing.assert_allclose(alone, keypoints, atol=0.5)
    with pytest.raises(InputError, match="3 channels"):
        load(tmp_path / "out")([np.zeros((60, 80, 3), np.uint8)])
