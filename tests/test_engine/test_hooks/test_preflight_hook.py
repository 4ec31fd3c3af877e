"""The preflight before a training on each data set, with people who lack something."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from scipy.io import loadmat, savemat

from mmhg.config import get_config, with_codec
from mmhg.datasets.formats.matlab import struct
from mmhg.engine import PreflightHook
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint

Train = Callable[..., Runner]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Train a config on tiny data: `train(name, root, preflight, key=value, ...)`."""

    def run(
        name: str, root: Path, preflight: bool = True, folder: str = "work", **options: Any
    ) -> Runner:
        config = get_config(name)
        changes: dict[str, Any] = {"work_dir": str(tmp_path / folder), "param_scheduler": None}
        changes |= {"train_cfg.max_epochs": 1, "train_cfg.val_interval": 1}
        changes |= {"model.backbone.channels": 16, "model.backbone.stem_channels": (4, 8, 8)}
        changes |= {"model.backbone.num_stacks": 1}
        for loader in ("train_dataloader", "val_dataloader"):
            changes |= {f"{loader}.num_workers": 0, f"{loader}.persistent_workers": False}
            changes |= {f"{loader}.batch_size": 2}
            if "datasets" not in config[loader].dataset:
                changes[f"{loader}.dataset.data_root"] = f"{root}/"
        config.merge_from_dict(changes | {key.replace("__", "."): options[key] for key in options})
        runner = Runner.from_cfg(Config(config.to_dict()))
        if preflight:
            runner.register_hook(PreflightHook())
        runner.train()
        return runner

    return run


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what the preflight logs and all warnings of metrics."""
    lines: list[str] = []
    handle = MMLogger.callHandlers

    def keep(logger: MMLogger, record: Any) -> None:
        if "preflight: " in str(record.msg) or "left out" in str(record.msg):
            lines.append(str(record.msg).removeprefix("preflight: "))
        handle(logger, record)

    monkeypatch.setattr(MMLogger, "callHandlers", keep)
    return lines


def test_a_training_is_the_same_with_and_without(
    train: Train, mpii_root: Path, tmp_path: Path, said: list[str]
) -> None:
    states = []
    for preflight in (True, False):
        train("hg2_synthetic_128", mpii_root, preflight, f"{preflight}", train_cfg__max_epochs=2)
        assert len(said) == 3  # of the first training
        states.append(read_checkpoint(tmp_path / f"{preflight}/epoch_2.pth"))
    first, second = states
    assert first["state_dict"].keys() == second["state_dict"].keys()
    for name, value in first["state_dict"].items():
        assert value.equal(second["state_dict"][name]), name
    moments = [state["optimizer"]["state"][0]["exp_avg"] for state in states]
    assert moments[0].equal(moments[1])


def test_what_is_said_of_mpii(
    train: Train, mpii_root: Path, tmp_path: Path, said: list[str]
) -> None:
    people = json.loads((mpii_root / "annotations/mpii_val.json").read_text())
    del people[1]["head_box"]
    people[2]["joints_vis"] = [0] * 16
    people[3]["joints"][4] = [159.0, 2.0]  # outside of the crop
    (tmp_path / "val.json").write_text(json.dumps(people))
    runner = train(
        "hg2_synthetic_128", mpii_root, val_dataloader__dataset__ann_file=str(tmp_path / "val.json")
    )
    assert runner.iter == 2
    left_out, full, codec, outside, loss = said
    assert left_out.startswith("PCKhMetric: left out 1 of 4 people, who have no head size")
    assert full == "annotations of 4 samples, given as predictions: 100 in PCKhMetric"
    assert codec.startswith("encoded and decoded by UDPHeatmap, 44 joints move by 0.0")
    assert "scores of the decoded targets: PCKhMetric AUC 9" in codec
    assert outside.startswith("1 annotated joints of 1 samples lie outside of the crop")
    assert loss.startswith("loss of the first training batch 0.")


HALVES = {f"{name}_dataloader__dataset__hold_out": 2 for name in ("train", "val")}


@pytest.fixture
def lspet_root(lsp_root: Path, tmp_path: Path) -> Path:
    """Make 8 people of LSPET; the third has no left shoulder, the fifth one joint."""
    joints = np.repeat(loadmat(lsp_root / "lspet/joints.mat")["joints"], 2, axis=2)
    joints[9, 2, 2] = 0
    joints[1:, 2, 4] = 0
    root = tmp_path / "lspet"
    (root / "images").mkdir(parents=True)
    savemat(root / "joints.mat", {"joints": joints})
    image = (lsp_root / "lspet/images/im00001.jpg").read_bytes()
    for number in range(1, 9):
        (root / f"images/im{number:05d}.jpg").write_bytes(image)
    return root


def test_lspet_with_people_without_torso_and_without_extent(
    train: Train, lspet_root: Path, said: list[str]
) -> None:
    train("hg2_lspet_128", lspet_root, **HALVES)
    boxes, torsos, full, *_ = said
    assert "1 of 4 people left out of validation, who lack a box, for example person 4" in boxes
    assert torsos.startswith("TorsoPCKMetric: left out 1 of 3 people, who have no torso size")
    assert full == "annotations of 3 samples, given as predictions: 100 in TorsoPCKMetric"


def test_flic_with_people_who_lack_joints(
    train: Train, flic_root: Path, tmp_path: Path, said: list[str]
) -> None:
    columns = [0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16]  # of the joints, in examples.mat
    joints = np.random.default_rng(0).uniform((50, 20), (110, 100), (11, 2))
    joints[0], joints[3] = (100, 30), (60, 30)  # shoulders as seen from the front
    people = []
    for missing in ([], [6], range(11)):
        coords = np.full((2, 29), np.nan)
        coords[:, columns] = joints.T
        coords[:, [columns[joint] for joint in missing]] = np.nan
        people.append(
            dict(
                coords=coords,
                filepath="000000000000.jpg",
                torsobox=np.array([[50.0, 20.0, 110.0, 100.0]]),
                istrain=False,
                istest=True,
            )
        )
    savemat(tmp_path / "examples.mat", {"examples": struct(people)})
    train(
        "hg1_flic_256",
        flic_root,
        val_dataloader__dataset__ann_file=str(tmp_path / "examples.mat"),
        val_dataloader__dataset__split="test",
    )
    assert said[0].startswith("TorsoPCKMetric: left out 1 of 3 people, who have no torso size")
    assert said[0].endswith("id 1")
    assert said[1] == "annotations of 3 samples, given as predictions: 100 in TorsoPCKMetric"


def test_coco_with_detected_boxes(
    train: Train, coco_root: Path, tmp_path: Path, said: list[str]
) -> None:
    folder = coco_root / "annotations"
    content = json.loads((folder / "person_keypoints_val2017.json").read_text())
    del content["annotations"][2]["area"]
    content["annotations"][3].update(keypoints=[0] * 51, num_keypoints=0)
    file = tmp_path / "people.json"
    file.write_text(json.dumps(content))
    found = "person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
    runner = train(
        "hg8_coco_256",
        coco_root,
        val_dataloader__dataset__ann_file=str(file),
        val_dataloader__dataset__bbox_file=str(coco_root / found),
        val_evaluator__ann_file=str(file),
    )
    assert runner.val_dataloader.dataset.bbox_file
    full, codec, *_ = said  # the metric said before who has no area
    assert full == "annotations of 3 samples, given as predictions: 1 in CocoPersonMetric"
    assert "BatchMSRAHeatmap, 51 joints move by 0." in codec


def test_a_metric_that_the_dataset_cannot_serve(
    train: Train, lspet_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="PCKhMetric: all people have no head size"):
        train("hg2_lspet_128", lspet_root, **HALVES, val_evaluator__type="PCKhMetric")
    assert not list(tmp_path.glob("work/*.pth"))


def test_an_unknown_score_for_the_best_checkpoint(train: Train, mpii_root: Path) -> None:
    with pytest.raises(InputError, match=r"save_best is 'PCK@0\.2', but val_evaluator gives PCKh@"):
        train("hg2_synthetic_128", mpii_root, default_hooks__checkpoint__save_best="PCK@0.2")


def test_another_codec_in_the_head(train: Train, mpii_root: Path, tmp_path: Path) -> None:
    text = r"most of all the \w+ of .*\.jpg, id \d: by \d+\.\d\. Encoded by UDPHeatmap"
    with pytest.raises(InputError, match=text):
        train("hg2_synthetic_128", mpii_root, model__head__decoder__input_size=(192, 192))
    assert not list(tmp_path.glob("work/*.pth"))


def test_a_loss_that_is_not_finite(train: Train, mpii_root: Path) -> None:
    with pytest.raises(InputError, match=r"loss of the first training batch is not finite: loss "):
        train(
            "hg2_synthetic_128",
            mpii_root,
            model__data_preprocessor__std=[0, 0, 0],
        )


def test_without_validation_the_rest_is_checked(
    train: Train, mpii_root: Path, said: list[str]
) -> None:
    nothing = dict(val_cfg=None, val_dataloader=None, val_evaluator=None)
    runner = train("hg2_synthetic_128", mpii_root, **nothing)
    assert runner.val_loop is None
    assert said[0] == "no validation: annotations, metrics and codec are not checked"
    assert said[1].startswith("loss of the first training batch")


def test_everything_frozen(train: Train, mpii_root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"every parameter is frozen\. Set .* frozen_stage"):
        train("hg2_synthetic_128", mpii_root, model__backbone__frozen_stages=1)
    assert not list(tmp_path.glob("work/*.pth"))


def test_a_schedule_that_ends_before_the_training(train: Train, mpii_root: Path) -> None:
    short = dict(type="PolyLR", begin=0, end=1, convert_to_iter_based=True)
    with pytest.raises(InputError, match=r"param_scheduler ends before train_cfg\.max_epochs=3"):
        train("hg2_synthetic_128", mpii_root, param_scheduler=[short], train_cfg__max_epochs=3)


def test_a_last_batch_of_one_that_batch_norm_cannot_take(
    train: Train, mpii_root: Path, tmp_path: Path, said: list[str]
) -> None:
    # Three people in batches of two; 64 px become one px within the network.
    config = get_config("hg2_synthetic_128")
    small = dict(config.codec, input_size=(64, 64), heatmap_size=(16, 16))
    training = with_codec(config, small)[1]
    options: dict[str, Any] = dict(
        model__head__decoder=small,
        train_dataloader__dataset__pipeline=training["dataset"]["pipeline"],
        train_dataloader__dataset__indices=3,
        val_cfg=None,
        val_dataloader=None,
        val_evaluator=None,
    )
    with pytest.raises(InputError, match=r"Set train_dataloader\.drop_last=True or another batch"):
        train("hg2_synthetic_128", mpii_root, **options)
    assert not list(tmp_path.glob("work/*.pth"))
    runner = train("hg2_synthetic_128", mpii_root, train_dataloader__drop_last=True, **options)
    assert runner.iter == 1
