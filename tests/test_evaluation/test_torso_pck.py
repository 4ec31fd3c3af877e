"""PCK in torso sizes: thresholds, groups, totals, and the metric over it."""

import math

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from mmhg.datasets import FLICDataset, LSPDataset
from mmhg.errors import InputError
from mmhg.evaluation import TorsoPCKMetric
from mmhg.evaluation.torso_pck import joint_groups, score_torso_pck, torso_distances

FLIC = FLICDataset(lazy_init=True).metainfo
LSP = LSPDataset(split="test", lazy_init=True).metainfo
JOINTS = list(FLIC["keypoint_id2name"].values())
KEYS = ["PCK@0.2", "AUC", "Shoulder", "Elbow", "Wrist", "Hip", "Eye", "Nose"]


def sample(number, *, offset=0.0, torso_size=100.0, path="images/a.jpg", **meta):
    """Make a data sample after prediction, with every joint off by `offset` px."""
    truth = np.full((1, 11, 2), 50.0, np.float32)
    annotations = InstanceData(keypoints=truth, keypoints_visible=np.ones((1, 11), np.float32))
    if torso_size is not None:
        annotations.torso_size = np.array([[torso_size]])
    result = PoseDataSample(metainfo={"id": number, "img_path": path, **meta})
    result.gt_instances = annotations
    result.pred_instances = InstanceData(keypoints=truth + np.array([offset, 0], np.float32))
    return result.to_dict()


def evaluate(samples, size=None, meta=FLIC, **settings):
    metric = TorsoPCKMetric(**settings)
    metric.dataset_meta = meta
    metric.process(None, samples)
    return metric, metric.evaluate(len(samples) if size is None else size)


def test_is_registered():
    assert METRICS.get("TorsoPCKMetric") is TorsoPCKMetric


def test_distances_are_in_the_persons_own_torsos():
    predicted = np.zeros((2, 11, 2))
    predicted[:, :, 0] = 3.0
    predicted[:, :, 1] = 4.0
    annotated = np.ones((2, 11), bool)
    annotated[1, 4] = False
    found = torso_distances(predicted, np.zeros((2, 11, 2)), [10.0, 50.0], annotated)
    assert found[0].tolist() == [0.5] * 11
    np.testing.assert_allclose(found[1], [0.1] * 4 + [np.nan] + [0.1] * 6)


def test_groups_of_flic_and_of_lsp():
    assert joint_groups(JOINTS)["Elbow"] == ["left_elbow", "right_elbow"]
    assert list(joint_groups(JOINTS)) == KEYS[2:]
    groups = joint_groups(list(LSP["keypoint_id2name"].values()))
    assert list(groups) == ["Ankle", "Knee", "Hip", "Wrist", "Elbow", "Shoulder", "Head"]
    assert groups["Head"] == ["neck", "head_top"]


def test_a_group_is_the_mean_of_both_sides_and_the_total_is_pooled():
    distances = np.zeros((4, 11))
    distances[0, JOINTS.index("left_wrist")] = 0.3
    distances[1:, JOINTS.index("left_wrist")] = np.nan  # annotated once, and wrong
    found = score_torso_pck(distances, JOINTS, "observer-centric").summary
    assert found["Wrist"] == 50
    assert found["PCK@0.2"] == pytest.approx(100 * 40 / 41)
    assert found["Elbow"] == found["Nose"] == 100


def test_area_under_the_curve_reaches_to_the_threshold():
    distances = np.full((1, 11), 0.1)  # 0 below, 100 from the 11th of 21 thresholds on
    assert score_torso_pck(distances, JOINTS, "").summary["AUC"] == pytest.approx(100 * 10.5 / 20)
    assert score_torso_pck(distances, JOINTS, "", 0.1).summary["AUC"] == pytest.approx(
        100 * 0.5 / 20
    )


def test_returns_percentages_as_python_floats():
    _, found = evaluate([sample(0), sample(1, offset=20.0), sample(2, offset=20.01)])
    assert list(found) == KEYS
    assert {type(value) for value in found.values()} == {float}
    assert found["PCK@0.2"] == found["Wrist"] == found["Nose"] == pytest.approx(200 / 3)


def test_torso_size_is_each_persons_own():
    _, found = evaluate([sample(0, offset=20.0, torso_size=99.0), sample(1, offset=20.0)])
    assert found["Elbow"] == 50


def test_another_threshold():
    metric, found = evaluate([sample(0, offset=9.0), sample(1, offset=11.0)], threshold=0.1)
    assert found["PCK@0.1"] == 50
    assert "PCK@0.2" not in found
    assert metric.scores.table().startswith("PCK@0.1 of the torso")
    with pytest.raises(InputError, match="threshold must be positive, got 0"):
        TorsoPCKMetric(threshold=0)


def test_a_person_counts_once_wherever_the_padding_is():
    samples = [sample(0), sample(0), sample(1, offset=90.0), sample(1, path="images/b.jpg")]
    metric, found = evaluate(samples, size=2)
    assert metric.scores.people == 3
    assert found["PCK@0.2"] == pytest.approx(200 / 3)


def test_takes_torch_predictions_and_flags_with_weights():
    one = sample(0)
    one["pred_instances"]["keypoints"] = torch.full((1, 11, 2), 50.0)
    visible = np.ones((1, 11, 2), np.float32)
    visible[:, JOINTS.index("nose"), 0] = 0
    one["gt_instances"]["keypoints_visible"] = visible
    _, found = evaluate([one])
    assert math.isnan(found["Nose"])
    assert found["PCK@0.2"] == 100


def test_report_and_table_name_the_side_convention():
    meta = FLIC | {"side_convention": "person-centric"}
    metric, _ = evaluate([sample(0)], meta=meta)
    assert metric.scores.table().splitlines()[0] == (
        "PCK@0.2 of the torso, side convention person-centric, 1 people"
    )
    report = metric.scores.to_json()
    assert report["side_convention"] == "person-centric"
    assert report["Elbow"] == 100
    assert report["joints"] == dict.fromkeys(JOINTS, 100.0)
    assert FLIC["side_convention"] == "observer-centric"


def test_undefined_scores_are_null_in_the_report():
    one = sample(0)
    one["gt_instances"]["keypoints_visible"][:, JOINTS.index("nose")] = 0
    metric, found = evaluate([one])
    assert math.isnan(found["Nose"])
    assert metric.scores.to_json()["Nose"] is None
    assert metric.scores.to_json()["joints"]["nose"] is None


def test_logs_the_table(monkeypatch):
    logged = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "info", logged.append)
    metric, _ = evaluate([sample(0)])
    assert logged == ["\n" + metric.scores.table()]


def test_multi_scale_testing_is_named_and_not_mixed():
    metric, _ = evaluate([sample(0, test_scales=(0.8, 1.0))])
    named = "observer-centric, multi-scale 0.8 1"
    assert f"side convention {named}, 1 people" in metric.scores.table()
    assert metric.scores.to_json()["side_convention"] == named
    with pytest.raises(InputError, match="tested in different ways"):
        evaluate([sample(0, test_scales=(0.8, 1.0)), sample(1)])


def test_person_without_torso_size():
    with pytest.raises(InputError, match=r"jpg, id 7\. FLICDataset and LSPDataset give"):
        evaluate([sample(7, torso_size=None)])
    unlabeled = sample(1, torso_size=None)
    unlabeled["gt_instances"]["keypoints_visible"][:] = 0
    assert evaluate([sample(0), unlabeled])[1]["PCK@0.2"] == 100


@pytest.mark.parametrize("torso_size", [None, 0.0, -3.0, np.nan, np.inf])
def test_a_person_without_a_usable_torso_size_is_left_out(torso_size, monkeypatch):
    said = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "warning", said.append)
    wrong = sample(4, torso_size=torso_size, offset=90.0)
    metric, found = evaluate([sample(3), wrong, sample(5, offset=90.0)])
    assert (found["PCK@0.2"], metric.scores.people) == (50, 2)
    assert said == [
        "TorsoPCKMetric: left out 1 of 3 people, who have no torso size (a positive number of px), "
        "for example images/a.jpg, id 4"
    ]


def test_predictions_that_are_not_finite_name_the_image():
    with pytest.raises(InputError, match=r"person 1 \(images/b\.jpg, id 4\).*finite"):
        evaluate([sample(3), sample(4, offset=np.nan, path="images/b.jpg")])


def test_what_cannot_be_scored():
    with pytest.raises(InputError, match="TorsoPCKMetric: the evaluation dataset has no people"):
        evaluate([])
    metric = TorsoPCKMetric()
    metric.process(None, [sample(0)])
    with pytest.raises(InputError, match="dataset_meta"):
        metric.evaluate(1)
    with pytest.raises(InputError, match=r"\(P, 14\) for these joint names, got \(1, 11\)"):
        evaluate([sample(0)], meta=LSP)
    with pytest.raises(InputError, match=r"torso_sizes has shape \(2,\).*\(1,\)"):
        torso_distances(np.zeros((1, 11, 2)), np.zeros((1, 11, 2)), [1, 1], np.ones((1, 11)))
