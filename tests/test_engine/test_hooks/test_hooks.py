"""The files that the hooks leave in the work directory."""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mmhg.engine import ChannelsLastHook, SkeletonSheetHook, TrainingCurvesHook

METAINFO = dict(
    skeleton_links=[(0, 1)], skeleton_link_colors=[[255, 0, 0]], keypoint_colors=[[0, 0, 255]] * 2
)


def test_channels_last_changes_layout_not_values() -> None:
    model = torch.nn.Conv2d(4, 8, 3)
    before = model.weight.clone()
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    assert model.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(model.weight, before)


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
    assert red[middle, middle] > 200  # the annotated link crosses the crop's center
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


def test_curves_without_a_checkpoint_hook(tmp_path: Path) -> None:
    cfg = ConfigDict(default_hooks=dict(checkpoint=None))
    TrainingCurvesHook().after_train(SimpleNamespace(cfg=cfg, work_dir=str(tmp_path)))
    assert cv2.imread(str(tmp_path / "curves.png")).shape == (440, 1210, 3)
