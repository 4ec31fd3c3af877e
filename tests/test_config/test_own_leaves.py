"""Say what configs outside of `configs/` are made of."""

from pathlib import Path

import pytest
from mmengine.config import Config

import mmhg
from mmhg.config import bases, change_steps, config_folder, keypoint_metainfo
from mmhg.errors import InputError


def test_bases_from_anywhere(tmp_path: Path) -> None:
    folder = config_folder() / "_base_"
    assert mmhg.bases is bases
    assert bases("default_runtime", "models/hourglass") == [
        str(folder / "default_runtime.py"),
        str(folder / "models/hourglass.py"),
    ]
    (tmp_path / "leaf.py").write_text(
        '_base_ = __import__("mmhg").bases("hg2_lspet_128")\nresume = 3'
    )
    config = Config.fromfile(tmp_path / "leaf.py")
    assert (config.model.backbone.channels, config.resume) == (128, 3)
    with pytest.raises(InputError, match=r"no config of mmhg has that name"):
        bases("models/none")


def test_change_steps() -> None:
    flip = dict(type="RandomFlip", direction="horizontal")
    inner = dict(type="RandomFlip", prob=0.3)
    pipeline = [
        dict(type="A"),
        flip,
        dict(type="RandomChoice", transforms=[[inner], [dict(type="B")]]),
    ]
    change_steps(dict(dataset=dict(pipeline=pipeline)), RandomFlip=dict(prob=0.0), B=dict(c=1))
    assert flip == dict(type="RandomFlip", direction="horizontal", prob=0.0)
    assert inner == dict(type="RandomFlip", prob=0.0)
    assert pipeline[2]["transforms"][1] == [dict(type="B", c=1)]  # type: ignore[index]
    with pytest.raises(InputError, match="there is no step C to change"):
        change_steps(pipeline, C=dict())


def test_keypoint_metainfo() -> None:
    found = keypoint_metainfo(
        "cat", ["l", "r", "tail"], pairs=[("l", "r")], links=[("l", "tail"), ("l", "r")]
    )
    assert found["dataset_name"] == "cat"
    infos = found["keypoint_info"]
    assert [one["swap"] for one in infos.values()] == ["r", "l", ""]
    assert [one["color"] for one in infos.values()] == [[0, 255, 0], [255, 128, 0], [51, 153, 255]]
    assert infos[1] == dict(name="r", id=1, color=[255, 128, 0], type="", swap="l")
    links = found["skeleton_info"]
    assert links[0] == dict(link=("l", "tail"), id=0, color=[0, 255, 0])
    assert links[1]["color"] == [51, 153, 255]
    assert (found["sigmas"], found["joint_weights"]) == ([0.05] * 3, [1.0] * 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(keypoints=["a", "a"]), "several keypoints are called 'a'"),
        (
            dict(keypoints=["a", "b"], pairs=[("a", "c")]),
            r"pairs must have two .* a, b, got \('a', 'c'\)",
        ),
        (
            dict(keypoints=["a", "b"], links=[("a", "a")]),
            r"links must have two .* got \('a', 'a'\)",
        ),
        (dict(keypoints=["a", "b", "c"], pairs=[("a", "b"), ("b", "c")]), "in several pairs"),
    ],
)
def test_keypoints_that_cannot_be(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        keypoint_metainfo("cat", **settings)
