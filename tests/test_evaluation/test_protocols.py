"""Each convention of PCKh against a hand-made case in which they all differ."""

import numpy as np
import pytest

from mmhg.datasets import MPIIPersonDataset
from mmhg.errors import InputError
from mmhg.evaluation import PROTOCOLS, PCKhMetric, score_all, score_pckh
from mmhg.evaluation.protocols import get_protocol

JOINTS = list(MPIIPersonDataset(lazy_init=True).metainfo["keypoint_id2name"].values())


def made_distances():
    """Make four people: all ankles are annotated, and person 0's other joints."""
    distances = np.full((4, 16), np.nan)
    distances[0] = 0.0
    for ankle in ("right_ankle", "left_ankle"):
        distances[:, JOINTS.index(ankle)] = 0.7
    distances[0, JOINTS.index("upper_neck")] = 0.6
    distances[0, JOINTS.index("left_hip")] = 0.105
    return distances


def test_names():
    assert list(PROTOCOLS) == ["official", "hrnet", "mean@0.1 at 0.11", "macro14", "pooled16"]
    assert all(PROTOCOLS[name].name == name and PROTOCOLS[name].users for name in PROTOCOLS)
    with pytest.raises(InputError, match=r"'official', 'hrnet', .*got 'oficial'"):
        get_protocol("oficial")


@pytest.mark.parametrize(
    ("protocol", "at_05", "at_01", "head", "ankle"),
    [
        # 12 joints annotated once (the neck wrong), 8 wrong ankles: 11 of 20
        ("official", 100 * 11 / 20, 100 * 10 / 20, 50, 0),
        ("hrnet", 100 * 11 / 20, 100 * 10 / 20, 100, 0),
        ("mean@0.1 at 0.11", 100 * 11 / 20, 100 * 11 / 20, 100, 0),
        # 14 joints alike: 11 of them right
        ("macro14", 100 * 11 / 14, 100 * 10 / 14, 100, 0),
        # pelvis and thorax right too
        ("pooled16", 100 * 13 / 22, 100 * 12 / 22, 50, 0),
    ],
)
def test_hand_computed_example(protocol, at_05, at_01, head, ankle):
    scores = score_all(made_distances(), JOINTS)[protocol]
    assert scores.convention == protocol
    assert scores.summary["PCKh@0.5"] == pytest.approx(at_05)
    assert scores.summary["PCKh@0.1"] == pytest.approx(at_01)
    assert scores.summary["Head"] == head
    assert scores.summary["Ankle"] == ankle
    assert f"protocol {protocol}," in scores.table()


def test_macro_averages_the_upper_body_and_the_area_joint_by_joint():
    distances = np.zeros((4, 16))
    distances[1:, JOINTS.index("left_wrist")] = np.nan
    distances[0, JOINTS.index("left_wrist")] = 9.0
    pooled, macro = (
        score_pckh(distances, JOINTS, PROTOCOLS[name]) for name in ("hrnet", "macro14")
    )
    assert pooled.summary["UBody"] == pytest.approx(100 * 20 / 21)
    assert macro.summary["UBody"] == pytest.approx(100 * 5 / 6)
    assert pooled.summary["AUC"] == pytest.approx(100 * 52 / 53)
    assert macro.summary["AUC"] == pytest.approx(100 * 13 / 14)


def test_metric_takes_a_protocol():
    assert PCKhMetric().protocol is PROTOCOLS["official"]
    assert PCKhMetric(protocol="macro14").protocol is PROTOCOLS["macro14"]
    with pytest.raises(InputError, match="got 'pckh'"):
        PCKhMetric(protocol="pckh")
