"""The metrics for configs: by name, for objects that lack something, and in the preflight."""

import math

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from mmhg.engine.preflight import metrics as preflight
from mmhg.errors import InputError

META = {"dataset_name": "faces", "keypoint_id2name": {0: "left_eye", 1: "right_eye", 2: "nose"}}
POINTS = np.array([[[10.0, 20.0], [30.0, 20.0], [20.0, 40.0]]], np.float32)


def sample(number, offset=0.0, labeled=(1, 1, 1), box=(0, 0, 40, 90), scores=(0.9, 0.8, 0.7)):
    """Make a data sample after prediction, every keypoint off by `offset` px to the right."""
    truth = InstanceData(keypoints=POINTS, keypoints_visible=np.array([labeled], np.float32))
    if box is not None:
        truth.bboxes = np.array([box], np.float32)
    made = PoseDataSample(metainfo={"id": number, "img_path": f"{number}.jpg"})
    made.gt_instances = truth
    made.pred_instances = InstanceData(
        keypoints=POINTS + np.array([offset, 0], np.float32), keypoint_scores=np.array([scores])
    )
    return made.to_dict()


def evaluate(config, *samples):
    metric = METRICS.build(config)
    metric.dataset_meta = META
    metric.process(None, samples)
    return metric, metric.evaluate(len(samples))


def test_error_in_px_and_mm():
    samples = sample(0, 1.0), sample(1, 4.0, labeled=(1, 0, 0))
    metric, scores = evaluate(dict(type="KeypointErrorMetric"), *samples, sample(0, 99.0))
    assert scores["mean_px"] == pytest.approx(7 / 4)  # a person counts once
    assert list(scores) == ["mean_px", "median_px", "RMSE_px", "p95_px"]
    assert metric.scores.keypoints["nose"]["labeled"] == 1
    _, scores = evaluate(dict(type="KeypointErrorMetric", pixel_size=0.1), *samples)
    assert scores["mean_mm"] == pytest.approx(7 / 40)


def test_mmpose_has_the_same_mean():
    samples = [sample(0, 1.0), sample(1, 4.0, labeled=(1, 0, 1))]
    theirs = METRICS.build(dict(type="EPE"))
    theirs.dataset_meta = META
    theirs.process([{}], [{**one, "gt_instances": dict(one["gt_instances"])} for one in samples])
    _, ours = evaluate(dict(type="KeypointErrorMetric"), *samples)
    assert ours["mean_px"] == pytest.approx(theirs.compute_metrics(theirs.results)["EPE"])


def test_nme_by_box_and_by_eyes():
    _, scores = evaluate(dict(type="NMEMetric"), sample(0, 3.0), sample(1, 0.0))
    assert scores == {"NME": pytest.approx(2.5), "failure_rate": 0.0}  # 3 of 60 px
    eyes = dict(type="NMEMetric", normalize="left_eye,right_eye")
    metric, scores = evaluate(eyes, sample(0, 7.0), sample(1, 1.0))
    assert scores == {"NME": pytest.approx(20.0), "failure_rate": 50.0}
    assert metric.scores.further["AUC@0.1"] == pytest.approx(25.0)


def test_who_has_no_length_is_left_out_with_a_warning(caplog):
    eyes = dict(type="NMEMetric", normalize="left_eye,right_eye")
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    _, scores = evaluate(eyes, sample(0, 2.0), sample(7, 50.0, labeled=(1, 0, 1)))
    logger.removeHandler(caplog.handler)
    assert scores["NME"] == pytest.approx(10.0)
    assert "1 of 2 people, who have no length to normalize by (left_eye,right_eye)" in caplog.text
    assert "7.jpg" in caplog.text
    with pytest.raises(InputError, match="all people have no length"):
        evaluate(eyes, sample(7, labeled=(1, 0, 1)))
    with pytest.raises(InputError, match="needs boxes"):
        evaluate(dict(type="NMEMetric"), sample(0, box=None))


def test_the_labeled_box_counts_and_not_the_pipelines_whole_image():
    whole = sample(0, 6.0, box=(-0.5, -0.5, 639.5, 479.5)) | {"ori_shape": (480, 640)}
    with pytest.raises(InputError, match="needs boxes"):
        evaluate(dict(type="NMEMetric"), whole)
    labeled = whole | {"raw_ann_info": {"bbox": [5, 5, 40, 90]}}
    _, scores = evaluate(dict(type="NMEMetric"), labeled)
    assert scores["NME"] == pytest.approx(10.0)  # 6 of 60 px


def test_sdr():
    _, scores = evaluate(dict(type="SDRMetric", pixel_size=0.1), sample(0, 24), sample(1, 26))
    assert scores == {"SDR@2mm": 0, "SDR@2.5mm": 50, "SDR@3mm": 100, "SDR@4mm": 100}
    with pytest.raises(InputError, match="pixel_size must be a positive"):
        METRICS.build(dict(type="SDRMetric", pixel_size=0))


def test_calibration_and_its_picture(tmp_path):
    config = dict(type="CalibrationMetric", threshold=0.1, plot=str(tmp_path / "new/bins.png"))
    metric, scores = evaluate(config, sample(0, 1.0), sample(1, 50.0))
    assert scores["ECE"] == pytest.approx(100 * (0.4 + 0.3 + 0.2) / 3)
    assert metric.curve.counts.sum() == 6
    assert cv2.imread(str(tmp_path / "new/bins.png")).shape[0] > 300
    with pytest.raises(InputError, match="plot must end in"):
        METRICS.build(dict(type="CalibrationMetric", plot="bins.txt"))


@pytest.mark.parametrize(
    ("config", "full"),
    [
        (dict(type="KeypointErrorMetric"), 0.0),
        (dict(type="NMEMetric"), 0.0),
        (dict(type="SDRMetric", pixel_size=1.0), 100.0),
        (dict(type="CalibrationMetric"), 0.0),
    ],
)
def test_the_preflight_knows_the_full_score(config, full):
    metric, scores = evaluate(config, sample(0, scores=(1, 1, 1)))
    assert preflight.full_score(metric) == full
    assert preflight.below_full(metric, scores) == {}
    _, worse = evaluate(config, sample(0, 30.0))
    assert set(preflight.below_full(metric, worse)) == set(scores)


def test_undefined_scores_are_null_in_the_results():
    metric, scores = evaluate(dict(type="KeypointErrorMetric"), sample(0, labeled=(0, 0, 0)))
    assert math.isnan(scores["mean_px"])
    assert metric.scores.to_json()["mean_px"] is None
