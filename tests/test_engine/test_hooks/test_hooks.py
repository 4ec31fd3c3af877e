"""What the hooks leave in the work directory."""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.runner import BaseLoop
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.engine import (
    ChannelsLastHook,
    CheckpointMatchHook,
    ResultsHook,
    SkeletonSheetHook,
    TrainingCurvesHook,
)

METAINFO = dict(
    skeleton_links=[(0, 1)], skeleton_link_colors=[[255, 0, 0]], keypoint_colors=[[0, 0, 255]] * 2
)


def test_channels_last_changes_layout_not_values() -> None:
    model = torch.nn.Conv2d(4, 8, 3)
    before = model.weight.clone()
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    assert model.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(model.weight, before)


class Scores:
    def report(self) -> dict:
        return {"protocol": "official", "PCKh@0.5": 50.0, "joints": {"head_top": None}}


def test_results_are_written_with_null_for_undefined(tmp_path: Path) -> None:
    evaluator = SimpleNamespace(metrics=[SimpleNamespace(scores=Scores()), SimpleNamespace()])
    model = torch.nn.Linear(1, 1)
    common = dict(
        work_dir=str(tmp_path), model=model, cfg=SimpleNamespace(filename="configs/hg1_x.py")
    )
    runner = SimpleNamespace(iter=7, val_evaluator=evaluator, **common)
    hook = ResultsHook()
    hook.after_val_epoch(runner, {"PCKh@0.5": 50.0, "Ankle": float("nan")})
    assert json.loads((tmp_path / "results.json").read_text()) == {
        "iteration": 7,
        "config": "hg1_x",
        "weights": fingerprint(model.state_dict()),
        "protocol": "official",
        "PCKh@0.5": 50.0,
        "Ankle": None,
        "joints": {"head_top": None},
    }
    # Without `iter`, for which mmengine would load the training data.
    tested = SimpleNamespace(test_evaluator=evaluator, _load_from="a.pth", **common)
    hook.after_test_epoch(tested, {"PCKh@0.5": 60.0})
    found = json.loads((tmp_path / "results.json").read_text())
    assert (found["PCKh@0.5"], found["checkpoint"]) == (60.0, "a.pth")
    assert "iteration" not in found
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_an_evaluation_without_metrics_leaves_results_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("of training")
    evaluator = SimpleNamespace(metrics=[])
    tested = SimpleNamespace(work_dir=str(tmp_path), test_evaluator=evaluator, _load_from="a.pth")
    ResultsHook().after_test_epoch(tested, {})
    assert (tmp_path / "results.json").read_text() == "of training"


def sample(image: Path, offset: float) -> PoseDataSample:
    keypoints = np.array([[[40.0, 40.0], [60.0, 60.0]]])
    return PoseDataSample(
        metainfo=dict(
            img_path=str(image), input_center=np.array([50.0, 50]), input_scale=np.array([64.0, 64])
        ),
        gt_instances=InstanceData(keypoints=keypoints, keypoints_visible=np.array([[1.0, 1.0]])),
        pred_instances=InstanceData(keypoints=keypoints + offset),
    )


def test_sheet_shows_annotation_and_prediction(tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    cv2.imwrite(str(image), np.zeros((100, 100, 3), np.uint8))
    runner = SimpleNamespace(
        work_dir=str(tmp_path), visualizer=SimpleNamespace(dataset_meta=METAINFO)
    )
    hook = SkeletonSheetHook(people=2, columns=1)
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0, outputs=[sample(image, offset) for offset in (0, 8, 16)])
    hook.after_val_epoch(runner)
    sheet = cv2.imread(str(tmp_path / "predictions.png"))
    assert sheet.shape == (2 * 260, 2 * 256 + 4, 3)  # two people, a row each
    red = sheet[..., 2].astype(int) - sheet[..., 1]
    middle = 128 + 2
    assert red[middle, middle] > 200  # the annotated link crosses the crop's centre
    second = 260 + middle
    assert red[second - 36, 256 + middle - 36] < 50  # the link moved by 8 px * 4 along itself
    assert red[second + 60, 256 + middle + 60] > 200


def test_no_sheet_of_no_people(tmp_path: Path) -> None:
    """So that a config of models without boxes can leave it out of the default hooks."""
    hook = SkeletonSheetHook(people=0)
    runner = SimpleNamespace(work_dir=str(tmp_path), visualizer=SimpleNamespace(dataset_meta={}))
    hook.after_val_iter(runner, 0, outputs=[PoseDataSample()])
    hook.after_val_epoch(runner)
    assert not list(tmp_path.iterdir())


def write_scalars(folder: Path, records: list[dict]) -> None:
    folder.mkdir(parents=True)
    lines = "\n".join(json.dumps(record) for record in records)
    (folder / "scalars.json").write_text(lines + "\n")


@pytest.mark.parametrize("score", [None, "AUC"])
def test_curves_are_drawn(tmp_path: Path, score: str | None) -> None:
    write_scalars(tmp_path / "1/vis_data", [dict(loss=1.0, loss_stack0=1.0, acc_pose=0.5, step=50)])
    checkpoint = ConfigDict(save_best="PCKh@0.5")
    cfg = ConfigDict(default_hooks=dict(checkpoint=checkpoint))
    TrainingCurvesHook(score=score).after_train(SimpleNamespace(work_dir=str(tmp_path), cfg=cfg))
    assert cv2.imread(str(tmp_path / "curves.png")).shape[:2] == (440, 1210)


class Loop(BaseLoop):
    def __init__(self) -> None:
        pass

    def run(self) -> None: ...


def loaded(
    model: torch.nn.Module,
    state: dict,
    *,
    train: bool,
    resume: bool = False,
    begin_anew: tuple[str, ...] = (),
    meta: dict | None = None,
) -> tuple[dict, list[str]]:
    """The tensors that mmengine gets to load, and what is logged."""
    lines: list[str] = []
    runner = SimpleNamespace(
        model=model,
        logger=SimpleNamespace(info=lines.append),
        _resume=resume,
        _load_from="other.pth",
        _train_loop=Loop() if train else {},
    )
    checkpoint = dict(state_dict=state, meta=meta)
    CheckpointMatchHook(begin_anew).after_load_checkpoint(runner, checkpoint)
    return checkpoint["state_dict"], lines


@pytest.mark.parametrize(
    "situation",
    [
        dict(train=False),
        dict(train=True),
        dict(train=True, resume=True),
        dict(train=False, begin_anew=("bias",)),
        dict(train=True, resume=True, begin_anew=("weight",)),
    ],
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(extra=torch.zeros(1)), "1 tensors not in the model, extra"),
        (dict(weight=torch.zeros(3, 2)), r"of another shape, weight \(3, 2\) instead of \(2, 2\)"),
        (dict(weight=None), "1 tensors lacking, weight"),
    ],
)
def test_checkpoints_of_other_networks_are_refused(
    situation: dict, change: dict, message: str
) -> None:
    model = torch.nn.Linear(2, 2)
    loaded(model, model.state_dict(), **situation)
    state = {k: v for k, v in {**model.state_dict(), **change}.items() if v is not None}
    with pytest.raises(ValueError, match=rf"other\.pth is of another network.*{message}"):
        loaded(model, state, **situation)


class Stacks(torch.nn.Module):
    def __init__(self, keypoints: int) -> None:
        super().__init__()
        self.body = torch.nn.Conv2d(2, 4, 1)
        self.prediction = torch.nn.Conv2d(4, keypoints, 1)
        self.prediction_of_depth = torch.nn.Conv2d(4, 1, 1)


def test_fine_tuning_lists_what_begins_anew() -> None:
    saved, model = Stacks(3).state_dict(), Stacks(5)
    state, (line,) = loaded(model, saved, train=True, begin_anew=("prediction",))
    body = {name: saved[name] for name in saved if not name.startswith("prediction.")}
    assert {name: id(value) for name, value in state.items()} == {
        name: id(value) for name, value in body.items()
    }
    assert line == (
        "fine-tuning from other.pth: 4 tensors are loaded, 2 begin anew: "
        "prediction.weight, prediction.bias"
    )


def test_fine_tuning_leaves_nothing_else_out() -> None:
    saved, model = Stacks(3).state_dict(), Stacks(5)
    with pytest.raises(ValueError, match=r"of another shape, prediction\.weight.*begin_anew"):
        loaded(model, saved, train=True)
    with pytest.raises(ValueError, match=r"2 tensors lacking, body\.weight"):
        state = {name: value for name, value in saved.items() if "body" not in name}
        loaded(model, state, train=True, begin_anew=("prediction",))
    with pytest.raises(ValueError, match=r"begin_anew=\['score'\]\) names no layer of the model"):
        loaded(model, saved, train=True, begin_anew=("score",))


class Normalised(torch.nn.Linear):
    def __init__(self) -> None:
        super().__init__(2, 2)
        self.data_preprocessor = torch.nn.Module()
        for name, value in (("mean", [112.302, 113.22, 110.3385]), ("std", [255.0] * 3)):
            values = torch.tensor(value).view(3, 1, 1)
            self.data_preprocessor.register_buffer(name, values, persistent=False)


@pytest.mark.parametrize("train", [False, True])
def test_checkpoints_for_another_input_are_refused(train: bool) -> None:
    model = Normalised()
    meta = dict(input=dict(mean=[112.302, 113.22, 110.3385], std=[255, 255, 255]))
    loaded(model, model.state_dict(), train=train, meta=meta)
    loaded(model, model.state_dict(), train=train, meta=dict(epoch=3))
    meta["input"]["mean"] = [0, 0, 0]
    with pytest.raises(ValueError, match=r"mean \[0, 0, 0\].*set model.data_preprocessor.mean"):
        loaded(model, model.state_dict(), train=train, meta=meta)


def test_curves_without_a_checkpoint_hook(tmp_path: Path) -> None:
    cfg = ConfigDict(default_hooks=dict(checkpoint=None))
    TrainingCurvesHook().after_train(SimpleNamespace(cfg=cfg, work_dir=str(tmp_path)))
    assert cv2.imread(str(tmp_path / "curves.png")).shape == (440, 1210, 3)
