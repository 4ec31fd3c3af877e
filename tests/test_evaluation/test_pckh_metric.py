"""The mmengine metric: what it reads, counts and returns."""

import functools
import math
import sys

import numpy as np
import pytest
import torch
import torch.distributed
import torch.multiprocessing
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from mmhg.datasets import MPIIPersonDataset
from mmhg.errors import InputError
from mmhg.evaluation import PCKhMetric

JOINTS = list(MPIIPersonDataset(lazy_init=True).metainfo["keypoint_id2name"].values())
META = {"keypoint_id2name": dict(enumerate(JOINTS))}
KEYS = ["PCKh@0.5", "PCKh@0.1", "AUC", "UBody"]
KEYS += ["Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle"]


def sample(number, *, offset=0.0, head_size=10.0, path="images/a.jpg", num_keypoints=16):
    """Make a data sample after prediction, with every joint off by `offset` px."""
    truth = np.full((1, 16, 2), 50.0, np.float32)
    annotations = InstanceData(keypoints=truth, keypoints_visible=np.ones((1, 16), np.float32))
    if head_size is not None:
        annotations.head_size = np.array([[head_size]])
    predicted = np.full((1, num_keypoints, 2), 50.0, np.float32)
    predicted[..., 0] += offset
    result = PoseDataSample(metainfo={"id": number, "img_path": path})
    result.gt_instances = annotations
    result.pred_instances = InstanceData(keypoints=predicted)
    return result.to_dict()


def evaluate(samples, size=None, **settings):
    metric = PCKhMetric(**settings)
    metric.dataset_meta = META
    metric.process(None, samples)
    return metric, metric.evaluate(len(samples) if size is None else size)


def test_is_registered():
    assert METRICS.get("PCKhMetric") is PCKhMetric


def test_returns_percentages_as_python_floats():
    _, found = evaluate([sample(0), sample(1, offset=5.0), sample(2, offset=5.001)])
    assert list(found) == KEYS
    assert {type(value) for value in found.values()} == {float}
    assert found["PCKh@0.5"] == pytest.approx(200 / 3)
    assert found["PCKh@0.1"] == pytest.approx(100 / 3)


def test_head_size_is_each_persons_own():
    _, found = evaluate([sample(0, offset=5.0, head_size=9.9), sample(1, offset=5.0)])
    assert found["PCKh@0.5"] == 50


def test_takes_torch_predictions_and_flags_with_weights():
    one, other = sample(0), sample(1, offset=9.0)
    one["pred_instances"]["keypoints"] = torch.full((1, 16, 2), 50.0)
    visible = np.ones((1, 16, 2), np.float32)
    visible[:, :10, 0] = 0  # feet to head are not annotated for the other person
    other["gt_instances"]["keypoints_visible"] = visible
    _, found = evaluate([one, other])
    assert found["PCKh@0.5"] == pytest.approx(100 * 14 / 20)
    assert found["Knee"] == 100
    assert found["Wrist"] == 50


def test_a_person_counts_once():
    samples = [sample(0), sample(1, offset=9.0), sample(1, offset=9.0), sample(2, offset=9.0)]
    metric, found = evaluate(samples, size=3)
    assert metric.scores.people == 3
    assert found["PCKh@0.5"] == pytest.approx(100 / 3)


def test_padding_in_front_does_not_push_out_a_person():
    metric, _ = evaluate([sample(0), sample(0), sample(1, offset=9.0)], size=2)
    assert metric.scores.people == 2
    assert metric.scores.summary["PCKh@0.5"] == 50


def test_equal_ids_of_two_datasets_are_two_people():
    metric, _ = evaluate([sample(0), sample(0, path="others/a.jpg")])
    assert metric.scores.people == 2


def test_keeps_scores_of_all_joints():
    metric, _ = evaluate([sample(0), sample(1, offset=5.001)])
    assert list(metric.scores.parts) == JOINTS
    assert metric.scores.to_json()["joints"]["thorax"] == 50


def test_logs_the_table(monkeypatch):
    logged = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "info", logged.append)
    metric, _ = evaluate([sample(0)])
    assert logged == ["\n" + metric.scores.table()]


def test_multi_scale_testing_is_named():
    marked = [sample(number) | {"test_scales": (0.8, 1.0)} for number in range(2)]
    metric, _ = evaluate(marked)
    assert metric.scores.to_json()["protocol"] == "official, multi-scale 0.8 1"
    assert "protocol official, multi-scale 0.8 1, " in metric.scores.table()
    with pytest.raises(InputError, match="tested in different ways"):
        evaluate([marked[0], sample(1)])


def test_evaluations_do_not_add_up():
    metric, _ = evaluate([sample(0)])
    metric.process(None, [sample(1, offset=9.0)])
    assert metric.evaluate(1)["PCKh@0.5"] == 0


def test_prefix():
    assert list(evaluate([sample(0)], prefix="mpii")[1]) == [f"mpii/{key}" for key in KEYS]


def test_group_without_annotations_is_nan():
    one = sample(0)
    one["gt_instances"]["keypoints_visible"][:, JOINTS.index("left_hip")] = 0
    _, found = evaluate([one])
    assert math.isnan(found["Hip"])
    assert found["PCKh@0.5"] == 100


@pytest.mark.parametrize("head_size", [None, 0.0, -3.0, np.nan, np.inf])
def test_a_person_without_head_size_is_left_out_and_said_once(head_size, monkeypatch):
    said = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "warning", said.append)
    wrong, right = sample(7, offset=9.0, head_size=head_size), sample(8)
    metric, found = evaluate([wrong, right])
    assert (found["PCKh@0.5"], metric.scores.people) == (100, 1)
    metric.results = []
    metric.process(None, [wrong, right])
    metric.evaluate(2)
    assert said == [
        "PCKhMetric: left out 1 of 2 people, who have no head size (a positive number of px), for "
        "example images/a.jpg, id 7"
    ]


def test_nobody_with_a_head_size():
    with pytest.raises(InputError, match=r"all people have no head size.*id 7.*headbox_file"):
        evaluate([sample(7, head_size=None)])


def test_person_without_any_annotated_joint_needs_no_head_size():
    unlabeled = sample(1, head_size=None)
    unlabeled["gt_instances"]["keypoints_visible"][:] = 0
    metric, found = evaluate([sample(0), unlabeled])
    assert found["PCKh@0.5"] == 100
    assert metric.scores.parts["pelvis"].annotated == 1


def test_dataset_without_head_sizes_fails_before_training():
    with pytest.raises(InputError, match="no person of the dataset has a head size"):
        PCKhMetric().dataset_meta = META | {"has_head_sizes": False}


def test_wrong_number_of_keypoints():
    with pytest.raises(InputError, match=r"\(1, 17, 2\).*\(1, 16, 2\)"):
        evaluate([sample(0, num_keypoints=17)])


def test_predictions_that_are_not_finite_name_the_image():
    with pytest.raises(InputError, match=r"person 1 \(images/b\.jpg, id 4\).*finite"):
        evaluate([sample(3), sample(4, offset=np.nan, path="images/b.jpg")])


def test_no_people_to_score():
    with pytest.raises(InputError, match="no people"):
        evaluate([])


def test_joint_names_are_needed():
    metric = PCKhMetric()
    metric.process(None, [sample(0)])
    with pytest.raises(InputError, match="dataset_meta"):
        metric.evaluate(1)


def _evaluate_on(rank, folder):
    """Evaluate three people on two processes, padded to four; the second person is wrong."""
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2
    )
    people = {0: [0, 2], 1: [1, 0]}[rank]
    metric = PCKhMetric(collect_dir=str(folder / "parts"))
    metric.dataset_meta = META
    metric.process(None, [sample(number, offset=9.0 * (number == 1)) for number in people])
    found = metric.evaluate(3)
    (folder / f"{rank}.txt").write_text(f"{found['PCKh@0.5']:.6f}")
    torch.distributed.destroy_process_group()


def test_two_processes_count_each_person_once(tmp_path):
    torch.multiprocessing.start_processes(
        functools.partial(_evaluate_on, folder=tmp_path),
        nprocs=2,
        start_method="fork" if sys.platform == "linux" else "spawn",
    )
    assert (tmp_path / "0.txt").read_text() == "66.666667"
    assert (tmp_path / "1.txt").read_text() == "66.666667"
