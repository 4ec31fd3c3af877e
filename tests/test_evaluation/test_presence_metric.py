"""The metric of joints' presence: what it reads, groups and returns."""

import math
from pathlib import Path

import cv2
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from mmhg.datasets import MPIIPersonDataset
from mmhg.errors import InputError
from mmhg.evaluation import JointPresenceMetric

JOINTS = list(MPIIPersonDataset(lazy_init=True).metainfo["keypoint_id2name"].values())
META = {"keypoint_id2name": dict(enumerate(JOINTS))}


def sample(number: int, activations: dict[str, float], absent: tuple[str, ...] = ()) -> dict:
    """Make a person whose joints have an even heatmap of 0.5, or another activation."""
    levels = torch.tensor([activations.get(joint, 0.5) for joint in JOINTS])
    visible = torch.tensor([[float(joint not in absent) for joint in JOINTS]])
    result = PoseDataSample(metainfo={"id": number, "img_path": "a.jpg"})
    result.gt_instances = InstanceData(keypoints_visible=visible.numpy())
    result.pred_fields = PixelData(heatmaps=levels[:, None, None].expand(-1, 4, 4))
    return result.to_dict()


def evaluate(samples: list[dict], **settings) -> tuple[JointPresenceMetric, dict[str, float]]:
    metric = JointPresenceMetric(**settings)
    metric.dataset_meta = META
    metric.process(None, samples)
    return metric, metric.evaluate(len(samples))


PEOPLE = [
    sample(0, {"left_knee": 0.1}, absent=("left_knee",)),
    sample(1, {"right_ankle": 0.7, "left_ankle": 0.2}, absent=("right_ankle",)),
]


def test_areas_of_knees_and_ankles() -> None:
    _, found = evaluate(PEOPLE)
    assert found["presence/Knee"] == 100  # the one that is absent scores lowest
    # 0.7 (absent), then 0.5 twice, then 0.2, all present: precision 2/3 at recall 2/3, 3/4 at 1.
    assert found["presence/Ankle"] == pytest.approx(100 * (2 / 3 * 2 / 3 + 3 / 4 / 3))
    assert list(found) == ["presence/Knee", "presence/Ankle"]


def test_a_person_counts_once() -> None:
    assert evaluate([*PEOPLE, PEOPLE[1], PEOPLE[1]])[1] == evaluate(PEOPLE)[1]


def test_log_has_the_share_of_annotated_joints(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "info", logged.append)
    evaluate(PEOPLE)
    rows = [line.split() for line in logged[0].splitlines()]
    assert ["Knee", "4", "75.0", "%", "100.00"] in rows


def test_other_groups_and_none_annotated() -> None:
    unlabeled = sample(0, {}, absent=("left_hip", "right_hip"))
    _, found = evaluate([unlabeled], groups=("Hip", "Head"))
    assert math.isnan(found["presence/Hip"])
    assert found["presence/Head"] == 100


def test_picture(tmp_path: Path) -> None:
    metric, _ = evaluate(PEOPLE, plot=str(tmp_path / "new/curves.png"))
    assert cv2.imread(str(tmp_path / "new/curves.png")).shape[0] > 300
    assert list(metric.curves) == ["Knee", "Ankle"]


def test_bad_settings_and_input() -> None:
    with pytest.raises(InputError, match=r"groups must be of Head, .*Ankle, got Toe"):
        JointPresenceMetric(groups=("Knee", "Toe"))
    with pytest.raises(InputError, match=r"plot must end in .*: x\.txt"):
        JointPresenceMetric(plot="x.txt")
    bare = {key: value for key, value in PEOPLE[0].items() if key != "pred_fields"}
    with pytest.raises(InputError, match=r"model\.test_cfg\.output_heatmaps=True"):
        evaluate([bare])
    with pytest.raises(InputError, match="no people"):
        evaluate([])


def test_is_registered() -> None:
    assert METRICS.get("JointPresenceMetric") is JointPresenceMetric
