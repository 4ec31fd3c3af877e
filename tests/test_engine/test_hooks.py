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
    runner = SimpleNamespace(iter=7, work_dir=str(tmp_path), val_evaluator=evaluator)
    hook = ResultsHook()
    hook.after_val_epoch(runner, {"PCKh@0.5": 50.0, "Ankle": float("nan")})
    assert json.loads((tmp_path / "results.json").read_text()) == {
        "iteration": 7,
        "protocol": "official",
        "PCKh@0.5": 50.0,
        "Ankle": None,
        "joints": {"head_top": None},
    }
    # Without `iter`, for which mmengine would load the training data.
    tested = SimpleNamespace(work_dir=str(tmp_path), test_evaluator=evaluator, _load_from="a.pth")
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


def loaded(model: torch.nn.Module, state: dict, *, train: bool, resume: bool = False) -> None:
    runner = SimpleNamespace(
        model=model, _resume=resume, _load_from="other.pth", _train_loop=Loop() if train else {}
    )
    CheckpointMatchHook().after_load_checkpoint(runner, dict(state_dict=state))


@pytest.mark.parametrize("situation", [dict(train=False), dict(train=True, resume=True)])
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


def test_fine_tuning_may_leave_tensors_out_but_not_all() -> None:
    model = torch.nn.Linear(2, 2)
    loaded(model, dict(weight=torch.zeros(2, 2)), train=True)
    with pytest.raises(ValueError, match="another network"):
        loaded(model, dict(another=torch.zeros(2, 2)), train=True)
