"""An evaluator for each stack."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mmhg.datasets import MPIIPersonDataset
from mmhg.errors import InputError
from mmhg.refinement.scores import StackScores, stack_table

METAINFO = MPIIPersonDataset(lazy_init=True).metainfo
PEOPLE = 3


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope("mmpose")


def samples(wrong_wrists: int) -> list[PoseDataSample]:
    """Make people of head size 10 px, some of them with the right wrist 6 px off."""
    rng = np.random.default_rng(0)
    wrist = METAINFO["keypoint_name2id"]["right_wrist"]
    found = []
    for person in range(PEOPLE):
        truth = rng.uniform(0, 100, (1, 16, 2))
        predicted = truth.copy()
        if person < wrong_wrists:
            predicted[0, wrist, 0] += 6
        found.append(
            PoseDataSample(
                metainfo=dict(img_path=f"{person}.jpg", id=person),
                gt_instances=InstanceData(
                    keypoints=truth,
                    keypoints_visible=np.ones((1, 16)),
                    head_size=np.full((1, 1), 10.0),
                ),
                pred_instances=InstanceData(keypoints=predicted, keypoint_scores=np.ones((1, 16))),
            )
        )
    return found


def test_each_stack_has_its_own_score() -> None:
    scores = StackScores(dict(type="PCKhMetric"), 3, METAINFO)
    scores.process({}, [samples(3), samples(1), samples(0)])
    found = scores.evaluate()
    assert [of_stack["Wrist"] for of_stack in found] == pytest.approx([50, 500 / 6, 100])
    assert [of_stack["Ankle"] for of_stack in found] == [100.0] * 3
    assert scores.people == PEOPLE


def test_several_metrics() -> None:
    metrics = [dict(type="PCKhMetric"), dict(type="PCKhMetric", protocol="official", prefix="b")]
    scores = StackScores(metrics, 2, METAINFO)
    scores.process({}, [samples(3), samples(0)])
    first, last = scores.evaluate()
    assert (first["Wrist"], first["b/Wrist"], last["b/Wrist"]) == (50.0, 50.0, 100.0)


def test_metrics_that_count_people_left_out_are_refused() -> None:
    scores = StackScores(dict(type="NME", norm_mode="keypoint_distance"), 1, METAINFO)
    with pytest.raises(InputError, match="NME scores the whole validation set"):
        scores.check_part()
    StackScores(dict(type="PCKhMetric"), 1, METAINFO).check_part()


def test_table() -> None:
    lines = stack_table([{"PCKh@0.5": 88.749, "Head": 1.0}, {"PCKh@0.5": 90.5, "Head": 2.0}])
    header, _, *rows = lines.splitlines()
    assert header.split() == ["stack", "PCKh@0.5", "Head"]
    assert [row.split() for row in rows] == [["1", "88.75", "1.00"], ["2", "90.50", "2.00"]]


def test_fractions_have_more_decimals() -> None:
    lines = stack_table([{"coco/AP": 0.7412}, {"coco/AP": 0.7419}]).splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["0.7412", "0.7419"]
