"""Strict PCP: sticks, ends, groups, and the metric over it."""

import math

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from mmhg.datasets import FLICDataset, LSPDataset
from mmhg.errors import InputError
from mmhg.evaluation import PCPMetric
from mmhg.evaluation.pcp import STICKS, correct_sticks, score_pcp

LSP = LSPDataset(split="test", lazy_init=True).metainfo
JOINTS = list(LSP["keypoint_id2name"].values())
KEYS = ["PCP@0.5", "PCP Torso", "PCP Upper legs", "PCP Lower legs"]
KEYS += ["PCP Upper arms", "PCP Lower arms", "PCP Head"]
PERSON = {
    "right_ankle": (40, 200),
    "right_knee": (40, 160),
    "right_hip": (40, 120),
    "left_hip": (60, 120),
    "left_knee": (60, 160),
    "left_ankle": (60, 200),
    "right_wrist": (20, 110),
    "right_elbow": (20, 80),
    "right_shoulder": (20, 50),
    "left_shoulder": (80, 50),
    "left_elbow": (80, 80),
    "left_wrist": (80, 110),
    "neck": (50, 50),
    "head_top": (50, 20),
}
TRUTH = np.array([[PERSON[name] for name in JOINTS]], dtype=np.float64)
"""Upper and lower legs of 40 px, arms and head of 30 px, the torso of 70 px."""


def moved(**offsets):
    """Move joints of the person to the right by some px."""
    points = TRUTH.copy()
    for name, offset in offsets.items():
        points[0, JOINTS.index(name), 0] += offset
    return points


def wrong(predictions, annotated=None):
    """List the names of the sticks that are not correct."""
    annotated = np.ones((1, 14), bool) if annotated is None else annotated
    (row,) = correct_sticks(predictions, TRUTH, annotated, JOINTS)
    return {name for name, correct in zip(STICKS, row, strict=True) if correct == 0}


def sample(number, points=TRUTH, visible=None):
    result = PoseDataSample(metainfo={"id": number, "img_path": "im1001.jpg"})
    visible = np.ones((1, 14), np.float32) if visible is None else visible
    result.gt_instances = InstanceData(keypoints=TRUTH, keypoints_visible=visible)
    result.pred_instances = InstanceData(keypoints=points)
    return result.to_dict()


def evaluate(samples, meta=LSP, **settings):
    metric = PCPMetric(**settings)
    metric.dataset_meta = meta
    metric.process(None, samples)
    return metric, metric.evaluate(len(samples))


def test_is_registered():
    assert METRICS.get("PCPMetric") is PCPMetric


def test_an_end_may_be_off_by_half_of_the_stick():
    assert wrong(TRUTH) == set()
    assert wrong(moved(right_wrist=15.0)) == set()
    assert wrong(moved(right_wrist=15.01)) == {"right_lower_arm"}
    assert wrong(moved(left_ankle=20.01)) == {"left_lower_leg"}
    assert wrong(moved(head_top=-15.01)) == {"head"}


def test_both_ends_must_be_right():
    # the mean over the two ends is below the threshold
    assert wrong(moved(right_elbow=16.0)) == {"right_lower_arm", "right_upper_arm"}


def test_the_torso_is_from_the_middle_of_the_hips_to_that_of_the_shoulders():
    assert wrong(moved(left_hip=69.9)) == {"left_upper_leg"}
    assert wrong(moved(left_hip=70.1)) == {"left_upper_leg", "torso"}
    shoulders = {"right_upper_arm", "left_upper_arm"}
    assert wrong(moved(left_shoulder=60.0, right_shoulder=-60.0)) == shoulders


def test_sticks_without_annotation_are_left_out():
    annotated = np.ones((1, 14), bool)
    annotated[0, JOINTS.index("left_hip")] = False
    truth = TRUTH.copy()
    truth[0, JOINTS.index("left_hip")] = np.nan
    (row,) = correct_sticks(TRUTH, truth, annotated, JOINTS)
    unknown = {name for name, flag in zip(STICKS, row, strict=True) if math.isnan(flag)}
    assert unknown == {"left_upper_leg", "torso"}
    found = score_pcp(row[None], "person-centric").summary
    assert found["PCP@0.5"] == found["PCP Lower legs"] == 100
    assert math.isnan(found["PCP Torso"])
    assert math.isnan(found["PCP Upper legs"])


def test_a_stick_without_length_is_left_out_and_said_once(monkeypatch):
    said = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "warning", said.append)
    truth = moved()
    truth[0, JOINTS.index("right_wrist")] = truth[0, JOINTS.index("right_elbow")]
    (row,) = correct_sticks(truth, truth, np.ones((1, 14), bool), JOINTS)
    unknown = [name for name, flag in zip(STICKS, row, strict=True) if math.isnan(flag)]
    assert unknown == ["right_lower_arm"]
    short = sample(6, moved(right_wrist=99.0))
    short["gt_instances"]["keypoints"] = truth
    metric, found = evaluate([sample(5), short])
    assert found["PCP@0.5"] == found["PCP Lower arms"] == 100
    assert metric.scores.parts["right_lower_arm"].annotated == 1
    metric.process(None, [short])
    metric.evaluate(1)
    assert said == [
        "PCPMetric: left out 1 sticks whose annotated ends are one point, for example the "
        "right_lower_arm of im1001.jpg, id 6"
    ]


def test_groups_average_both_sides_and_the_total_is_pooled():
    metric, found = evaluate([sample(0), sample(1, moved(right_wrist=16, head_top=16))])
    assert list(found) == KEYS
    assert {type(value) for value in found.values()} == {float}
    assert found["PCP Lower arms"] == 75
    assert found["PCP Head"] == 50
    assert found["PCP Upper arms"] == found["PCP Torso"] == 100
    assert found["PCP@0.5"] == pytest.approx(100 * 18 / 20)
    assert metric.scores.to_json()["sticks"]["right_lower_arm"] == 50
    assert metric.scores.table().startswith(
        "strict PCP@0.5, side convention person-centric, 2 people"
    )


def test_left_and_right_mistaken():
    """Exchange the sides of the limbs; torso and head stay."""
    _, found = evaluate([sample(0, TRUTH[:, LSP["flip_indices"]])])
    expected = {"PCP@0.5": 60.0, "PCP Torso": 100.0, "PCP Head": 100.0}
    # legs of 40 px stand 20 px apart, arms of 30 px hang 60 px apart
    assert found == dict.fromkeys(KEYS, 0.0) | expected | {
        "PCP Upper legs": 100.0,
        "PCP Lower legs": 100.0,
    }


def test_another_threshold():
    _, found = evaluate([sample(0, moved(right_wrist=5.0))], threshold=0.1)
    assert found["PCP@0.1"] == 90
    with pytest.raises(InputError, match="threshold must be positive, got -1"):
        PCPMetric(threshold=-1)


def test_a_person_counts_once():
    metric, found = evaluate([sample(0), sample(0), sample(1, TRUTH + 500)])
    assert metric.scores.people == 2
    assert found["PCP@0.5"] == 50


def test_what_cannot_be_scored():
    with pytest.raises(InputError, match=r"predictions must have shape \(1, 14, 2\).*\(1, 11, 2\)"):
        evaluate([sample(0, np.zeros((1, 11, 2)))])
    with pytest.raises(InputError, match=r"person 0 \(im1001\.jpg, id 5\): predictions must be"):
        evaluate([sample(5, moved(neck=np.nan))])
    flic = FLICDataset(lazy_init=True).metainfo
    names = list(flic["keypoint_id2name"].values())
    with pytest.raises(InputError, match=r"does not name: head_top, left_ankle.* left_shoulder"):
        correct_sticks(np.zeros((1, 11, 2)), np.zeros((1, 11, 2)), np.ones((1, 11)), names)
