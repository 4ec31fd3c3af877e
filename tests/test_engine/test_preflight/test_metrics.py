"""Every metric of keypoints gives annotations its full score, or says what it lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mmengine.evaluator import BaseMetric, DumpResults
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmpose.evaluation.metrics import AUC, EPE, NME, JhmdbPCKAccuracy, MpiiPCKAccuracy, PCKAccuracy
from mmpose.structures import PoseDataSample

from mmhg.datasets import FLICDataset, LSPDataset, MPIIPersonDataset
from mmhg.engine.preflight import metrics
from mmhg.errors import InputError
from mmhg.evaluation import (
    DumpKeypoints,
    JointPresenceMetric,
    PCKhMetric,
    PCPMetric,
    TorsoPCKMetric,
)

METAS = {
    "mpii": MPIIPersonDataset(lazy_init=True).metainfo,
    "lsp": LSPDataset(split="test", lazy_init=True).metainfo,
    "flic": FLICDataset(lazy_init=True).metainfo,
}


def people(kind: str, count: int = 3, **lacking: Any) -> list[PoseDataSample]:
    """Make people; the last one lacks what `lacking` replaces (None: it is not there)."""
    rng = np.random.default_rng(5)
    joints = METAS[kind]["num_keypoints"]
    made = []
    for number in range(count):
        one = PoseDataSample(metainfo={"id": number, "img_path": f"{number}.jpg"})
        values = dict(
            keypoints=rng.uniform(10, 200, (1, joints, 2)).astype(np.float32),
            keypoints_visible=np.ones((1, joints), np.float32),
            head_size=np.array([[20.0]]),
            torso_size=np.array([[50.0]]),
            bboxes=np.array([[0.0, 0.0, 220.0, 220.0]]),
            bbox_scores=np.ones(1),
        )
        if number == count - 1:
            values = {**values, **lacking}
        one.gt_instances = InstanceData(
            **{name: value for name, value in values.items() if value is not None}
        )
        made.append(one)
    metrics.predict_annotations(made)
    return made


def scores_of(metric: BaseMetric, kind: str, samples: list[PoseDataSample]) -> dict[str, float]:
    metric.dataset_meta = METAS[kind]
    copied = metrics.trial(metric, samples)
    metrics.add(copied, samples)
    assert metric.results == []
    return metrics.compute(copied)


FULL = [
    (PCKhMetric(), "mpii", 100),
    (TorsoPCKMetric(), "lsp", 100),
    (TorsoPCKMetric(), "flic", 100),
    (PCPMetric(), "lsp", 100),
    (PCKAccuracy(), "mpii", 1),
    (MpiiPCKAccuracy(), "mpii", 100),
    (JhmdbPCKAccuracy(norm_item=["bbox", "torso"]), "mpii", 1),
    (AUC(num_thrs=10), "mpii", 0.9),
    (EPE(), "mpii", 0),
    (NME(norm_mode="keypoint_distance", keypoint_indices=(0, 1)), "mpii", 0),
]


@pytest.mark.parametrize(("metric", "kind", "full"), FULL)
def test_annotations_have_the_full_score(metric: BaseMetric, kind: str, full: float) -> None:
    scores = scores_of(metric, kind, people(kind))
    assert metrics.full_score(metric) == pytest.approx(full)
    metrics.check_full(metric, scores, "")
    assert metrics.below_full(metric, scores) == {}
    wrong = people(kind)
    for one in wrong:
        one.pred_instances.keypoints = one.pred_instances.keypoints + 300
    lost = metrics.below_full(metric, scores_of(metric, kind, wrong))
    assert lost
    with pytest.raises(InputError, match=rf"{type(metric).__name__} gives .*, not {full:g}.* Why"):
        metrics.check_full(metric, scores_of(metric, kind, wrong), "Why")


@pytest.mark.parametrize(
    ("metric", "kind", "lacking", "warned"),
    [
        (PCKhMetric(), "mpii", {"head_size": None}, "no head size"),
        (TorsoPCKMetric(), "lsp", {"torso_size": None}, "no torso size"),
        (TorsoPCKMetric(), "flic", {"torso_size": np.array([[0.0]])}, "no torso size"),
        (PCPMetric(), "lsp", {"keypoints": np.full((1, 14, 2), 9.0)}, "10 sticks whose"),
        (PCKhMetric(), "mpii", {"keypoints_visible": np.zeros((1, 16))}, None),
        (TorsoPCKMetric(), "lsp", {"keypoints_visible": np.zeros((1, 14))}, None),
    ],
)
def test_people_who_lack_something_are_no_obstacle(
    metric: BaseMetric,
    kind: str,
    lacking: dict[str, Any],
    warned: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(MMLogger.get_current_instance(), "warning", said.append)
    metrics.check_full(metric, scores_of(metric, kind, people(kind, **lacking)), "")
    assert [warned in text for text in said if warned] == ([True] if warned else [])
    assert len(said) == bool(warned)


def test_a_metric_that_the_dataset_does_not_serve() -> None:
    with pytest.raises(InputError, match=r"PCKhMetric: all people have no head size.*headbox_file"):
        scores_of(PCKhMetric(), "lsp", people("lsp", 1, head_size=None))
    with pytest.raises(InputError, match=r"PCPMetric|PCP needs joints .* does not name: head_top"):
        scores_of(PCPMetric(), "flic", people("flic"))
    text = r"PCKAccuracy cannot score the validation people \(process\): .*normalized_item.*bbox"
    with pytest.raises(InputError, match=text):
        scores_of(PCKAccuracy(), "mpii", people("mpii", 1, bboxes=None, bbox_scores=None))


def test_nobody_annotated_is_an_error() -> None:
    unlabeled = people("lsp", 1, keypoints_visible=np.zeros((1, 14)))
    with pytest.raises(InputError, match="TorsoPCKMetric has nothing to score: no joint of"):
        metrics.check_full(TorsoPCKMetric(), scores_of(TorsoPCKMetric(), "lsp", unlabeled), "")


def test_nothing_is_printed_but_warnings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    metric = PCKhMetric()
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, "callHandlers", lambda record: lines.append(record.msg))
    scores_of(metric, "mpii", people("mpii", head_size=None))
    assert [text.partition(":")[0] for text in lines] == ["PCKhMetric"]
    assert "left out 1 of 3 people" in lines[0]
    assert capsys.readouterr().out == ""
    logger.info("after")
    assert lines[-1] == "after"


def test_who_is_predicted_in_an_image_of_several() -> None:
    image, empty = PoseDataSample(), PoseDataSample()
    flags = np.array([[1, 0], [0, 0], [0, 1]])
    image.gt_instances = InstanceData(
        keypoints=np.arange(12.0).reshape(3, 2, 2), keypoints_visible=flags
    )
    empty.gt_instances = InstanceData()
    metrics.predict_annotations([image, empty])
    assert image.pred_instances.keypoints.tolist() == [[[0, 1], [2, 3]], [[8, 9], [10, 11]]]
    assert image.pred_instances.keypoint_scores.tolist() == [[1, 0], [0, 1]]
    assert len(empty.pred_instances.keypoints) == 0


def test_metrics_that_are_not_checked(tmp_path: Any) -> None:
    class Custom(BaseMetric):
        process = compute_metrics = lambda *_: None

    others = [DumpKeypoints("a.json"), DumpResults("a.pkl"), JointPresenceMetric()]
    assert all(map(metrics.writes_or_needs_more, others))
    assert not any(metrics.writes_or_needs_more(metric) for metric, *_ in FULL)
    assert not metrics.writes_or_needs_more(Custom())
    assert metrics.full_score(Custom()) is None


def test_samples_of_something_else() -> None:
    one, *_ = people("mpii")
    assert metrics.in_two_dimensions(one)
    one.gt_instances.keypoints = np.zeros((1, 16, 3))
    assert not metrics.in_two_dimensions(one)
    assert not metrics.in_two_dimensions([one])
    assert not metrics.in_two_dimensions(PoseDataSample())
    nobody = PoseDataSample()
    nobody.gt_instances = InstanceData()
    assert metrics.in_two_dimensions(nobody)
