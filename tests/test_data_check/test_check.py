"""Every kind of fault is found under its own name, and faces without fault are left alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

import planted_faults
from mmhg.data_check import KINDS, Report, check_data
from mmhg.data_check.building import plain
from mmhg.data_check.overfit import overfit
from mmhg.data_check.report import as_json, as_text
from mmhg.data_check.sheet import draw_sheets
from mmhg_cli.command_line import main

CONFIG = Path(__file__).parents[1] / "test_configs" / "hg2_coco_mini.py"


def faces_config(root: Path) -> Config:
    config = Config.fromfile(CONFIG)
    config.model.backbone.update(
        num_stacks=1,
        channels=32,
        stem_channels=(8, 16, 32),
        num_keypoints=len(planted_faults.NAMES),
    )
    for split in ("train", "val"):
        config[f"{split}_dataloader"].dataset.update(
            data_root=str(root),
            ann_file=f"{split}.json",
            data_prefix=dict(img=f"{split}/"),
            metainfo=planted_faults.metainfo(),
        )
    return config


@pytest.fixture(autouse=True)
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the network's features out, which noise has none of."""
    monkeypatch.setattr("mmhg.data_check.exchanged.look_at", lambda people: None)
    monkeypatch.setattr("mmhg.data_check.check.DRAWS", 300)


def check(config: Config) -> Report:
    return check_data(config, overfit_seconds=None)


def pictures(report: Report, kind: str) -> set[str]:
    found = [one for one in report.findings if one.kind == kind]
    return {Path(str(one.picture)).name for finding in found for one in finding.examples}


def test_nothing_is_wrong_with_clean_faces(tmp_path: Path) -> None:
    planted_faults.write_faces(tmp_path)
    report = check(faces_config(tmp_path))
    assert [one.kind for one in report.findings] == []
    assert not report.certain
    assert report.counts[0]["keypoints"]["right_ear"] == 120
    assert report.counts[0]["people"] == 150


def test_every_planted_fault_of_people_is_found(tmp_path: Path) -> None:
    planted_faults.write_faces(tmp_path)
    planted = planted_faults.plant(tmp_path, list(planted_faults.FAULTS))
    report = check(faces_config(tmp_path))
    found = {kind: pictures(report, kind) & names for kind, names in planted.items()}
    assert found == planted
    assert report.certain
    # What is reported besides is of people with a fault, such as keypoints out of a moved box.
    wrong = set().union(*planted.values())
    for kind in ("sides-exchanged", "points-exchanged", "pixel-shift", "corners-as-boxes"):
        assert len(pictures(report, kind) - wrong) <= 1, kind

    content = as_json(report)
    assert {one["kind"] for one in content["findings"]} >= set(planted)
    text = as_text(report)
    for kind in planted:
        assert KINDS[kind].title in text
    (tmp_path / "out").mkdir()
    names = {path.stem for path in draw_sheets(report, tmp_path / "out")}
    assert {"sides-exchanged", "truncated-pictures", "most-suspicious"} <= names


def test_faults_of_file_and_config(tmp_path: Path) -> None:
    planted_faults.write_faces(tmp_path)
    content = planted_faults.json.loads((tmp_path / "train.json").read_text())
    for person in content["annotations"]:
        person["keypoints"][12:15] = [0, 0, 0]  # nobody has a nose
    content["images"].append(dict(id=900, file_name="more.png", width=128, height=128))
    noise = np.random.default_rng(1).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    for name in ("more.png", "unnamed.png"):
        planted_faults.cv2.imwrite(
            str(tmp_path / "train" / name), noise[:: -1 if "m" in name else 1]
        )
    (tmp_path / "train.json").write_text(planted_faults.json.dumps(content))
    (tmp_path / "val/0003.png").write_bytes((tmp_path / "train/0005.png").read_bytes())
    validated = planted_faults.json.loads((tmp_path / "val.json").read_text())
    for person in validated["annotations"][:3]:  # small, below anything in training
        points = planted_faults.points_of(person)
        points[:, :2] = 60 + (points[:, :2] - points[:, :2].mean(axis=0)) / 4
        person.update(planted_faults.person_of(person["id"], points[:, :2]))
    (tmp_path / "val.json").write_text(planted_faults.json.dumps(validated))

    config = faces_config(tmp_path)
    config.model.backbone.num_keypoints = 17
    info = config.train_dataloader.dataset.metainfo
    info.keypoint_info[1].swap = "left_ear"
    info.sigmas = [1 / 8] * 8
    for step in config.train_dataloader.dataset.pipeline:
        if "encoder" in step:
            step.encoder.sigma = 9
    report = check(config)
    kinds = {one.kind: one for one in report.findings}
    assert kinds["never-labeled"].examples[0].id == "nose"
    assert pictures(report, "unused-images") == {"more.png", "unnamed.png"}
    assert pictures(report, "duplicates-across-splits") == {"0003.png", "0005.png"}
    assert pictures(report, "unseen-sizes") >= {"0001.png", "0002.png", "0003.png"}
    assert "num_keypoints is 17, the metainfo has 8" in kinds["keypoint-count"].examples[0].what
    assert any("left_eye mirrors left_ear" in one.what for one in kinds["flip-pairs"].examples)
    assert [one.what[:24] for one in kinds["sigma"].examples] == [
        "sigma of UDPHeatmap is 9",
        "all sigmas are 1 / 8: wi",
    ]
    assert report.certain


def test_a_keypoint_that_everybody_has_at_one_place(tmp_path: Path) -> None:
    planted_faults.write_faces(tmp_path, train=60, val=20)
    content = planted_faults.json.loads((tmp_path / "train.json").read_text())
    for person in content["annotations"]:
        person["keypoints"][9:12] = [0, 0, 0]
        person["keypoints"][8] = 2
    (tmp_path / "train.json").write_text(planted_faults.json.dumps(content))
    report = check(faces_config(tmp_path))
    always = {one.kind: one for one in report.findings}["always-labeled"]
    ear = next(one for one in always.examples if one.id == "right_ear")
    assert "in 12 it lies at (0, 0)" in ear.what


def test_the_command_says_it_and_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_faults.write_faces(tmp_path, train=40, val=20)
    monkeypatch.setattr("mmhg.data_check.overfit.STEPS", 3)
    config = faces_config(tmp_path)
    config.dump(tmp_path / "faces.py")
    words = ["check", str(tmp_path / "faces.py"), "-o", str(tmp_path / "out"), "--json"]
    # Three steps teach nothing.
    assert main(words) == 1
    content = json.loads(capsys.readouterr().out)
    assert content["findings"] == []
    assert content["overfit"]["steps"] == 3
    assert content["overfit"]["learned"] is False
    assert content["overfit"]["keypoints"] > 40

    (tmp_path / "train/0004.png").write_bytes(b"")
    assert main([*words[:-1], "--no-overfit"]) == 1
    shown = capsys.readouterr().out
    assert "Pictures that cannot be read: 1 (unreadable-pictures, certainly wrong)" in shown
    assert (tmp_path / "out/unreadable-pictures.png").is_file()
    assert main(["check", str(tmp_path / "none.py")]) == 2


def test_a_small_network_learns_eight_faces_by_heart(tmp_path: Path) -> None:
    planted_faults.write_faces(tmp_path, train=12, val=2)
    config = faces_config(tmp_path)
    init_default_scope("mmpose")
    found = overfit(config, plain(config.train_dataloader.dataset), seconds=20)
    assert found.learned is not False
    assert found.last_loss < 0.5 * found.first_loss
    assert found.samples == 8
