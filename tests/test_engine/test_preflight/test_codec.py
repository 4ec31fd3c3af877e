"""Every codec of heads for one person keeps joints within a pixel; a wrong one is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.structures import InstanceData
from mmpose.datasets.transforms import GenerateTarget
from mmpose.models.heads.base_head import BaseHead
from mmpose.models.pose_estimators import BottomupPoseEstimator, TopdownPoseEstimator
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures import PoseDataSample

import mmhg.codecs  # noqa: F401  registers
from mmhg.engine.preflight.codec import find_encoder, round_trip, why_not
from mmhg.errors import InputError

SIZES = dict(input_size=(96, 128), heatmap_size=(24, 32))
CODECS: dict[str, dict[str, Any]] = {
    "paper": dict(type="HourglassHeatmap", **SIZES),
    "MSRA": dict(type="MSRAHeatmap", sigma=2, **SIZES),
    "MSRA by batch": dict(type="BatchMSRAHeatmap", sigma=1, **SIZES),
    "DARK": dict(type="MSRAHeatmap", sigma=2, unbiased=True, **SIZES),
    "UDP": dict(type="UDPHeatmap", sigma=2, **SIZES),
    "UDP combined": dict(type="UDPHeatmap", heatmap_type="combined", **SIZES),
    "Megvii": dict(type="MegviiHeatmap", kernel_size=7, **SIZES),
    "SimCC": dict(type="SimCCLabel", input_size=(96, 128), sigma=4.0),
    "SimCC one-hot": dict(type="SimCCLabel", input_size=(96, 128), smoothing_type="standard"),
    "SimCC DARK": dict(type="SimCCLabel", input_size=(96, 128), sigma=4.0, use_dark=True),
    "regression": dict(type="RegressionLabel", input_size=(96, 128)),
    "integral": dict(type="IntegralRegressionLabel", sigma=2, **SIZES),
}
JOINTS = [f"joint {k}" for k in range(17)]


class Head(BaseHead):
    """A head that only decodes."""

    def __init__(self, decoder: Any) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, feats: Any) -> Any: ...

    def predict(self, *args: Any, **settings: Any) -> Any: ...

    def loss(self, *args: Any, **settings: Any) -> Any: ...


def model_of(decoder: Any, kind: type = TopdownPoseEstimator) -> Any:
    model = kind.__new__(kind)
    torch.nn.Module.__init__(model)
    model.head = Head(decoder)
    model.test_cfg = {}
    return model


def build(name: str, **changes: Any) -> Any:
    return KEYPOINT_CODECS.build(dict(CODECS[name], **changes))


def crop_of(points: np.ndarray, udp: bool, flags: np.ndarray | None = None) -> PoseDataSample:
    """Make a person of an image twice as large as the input, with joints (K, 2) in input px."""
    size = np.array([96.0, 128.0])
    scale, center = size * 2, np.array([300.0, 200.0])
    stretch = size / (size - 1) if udp else np.ones(2)
    truth = points * stretch / size * scale + center - scale / 2
    sample = PoseDataSample(
        metainfo=dict(
            id=7, img_path="a.jpg", input_size=(96, 128), input_scale=scale, input_center=center
        )
    )
    flags = np.ones(len(points)) if flags is None else flags
    sample.gt_instances = InstanceData(
        keypoints=truth[None].astype(np.float32),
        transformed_keypoints=points[None].astype(np.float32),
        keypoints_visible=flags[None].astype(np.float32),
        bboxes=np.zeros((1, 4)),
        bbox_scores=np.ones(1),
    )
    return sample


def made_people(udp: bool) -> list[PoseDataSample]:
    """Make joints all over the crop, on its borders and in its corners."""
    rng = np.random.default_rng(0)
    people = [rng.uniform(0, (95, 127), (17, 2)) for _ in range(40)]
    people += [np.where(rng.random((17, 2)) < 0.5, (0, 0), (95, 127)) for _ in range(4)]
    people += [rng.uniform((0, 126), (95, 127), (17, 2)), rng.uniform(0, (1, 127), (17, 2))]
    return [crop_of(points, udp) for points in people]


@pytest.mark.parametrize("name", CODECS)
def test_joints_stay_within_a_pixel(name: str) -> None:
    codec, people = build(name), made_people("UDP" in name)
    found = round_trip(model_of(codec), codec, people, JOINTS)
    assert (found.joints, found.outside) == (46 * 17, 0)
    assert 0 <= found.mean < (0.8 if name == "SimCC DARK" else 0.55)
    loose = {"UDP": 1.1, "Megvii": 2, "SimCC DARK": 8}  # at the border
    assert found.largest <= loose.get(name, 1)
    assert (found.far > 0) == (name in loose)
    moved = [np.abs(p.pred_instances.keypoints - p.gt_instances.keypoints).max() for p in people]
    assert 2 * found.largest * (1 if name.startswith("SimCC") else 4) >= max(moved) * 0.97


def test_the_paper_codec_moves_joints_by_what_it_says() -> None:
    people = [crop_of(np.tile([[41.5, 61.5]], (17, 1)), udp=False)]
    codec = build("paper")
    found = round_trip(model_of(codec), codec, people, JOINTS)
    # Pixel 10 is the mean of 40 to 43; equal neighbors move the maximum nowhere.
    assert (found.mean, found.largest) == pytest.approx((0, 0), abs=1e-6)
    people = [crop_of(np.tile([[42.5, 61.5]], (17, 1)), udp=False)]
    found = round_trip(model_of(codec), codec, people, JOINTS)
    assert found.mean == pytest.approx(0.25)


def test_joints_outside_of_the_crop_and_unlabeled_ones_are_apart() -> None:
    points = np.full((17, 2), 50.0)
    points[:3] = [[-5, 50], [50, 140], [400, 400]]
    flags = np.ones(17)
    flags[2] = flags[5] = 0
    person = crop_of(points, udp=False, flags=flags)
    codec = build("MSRA")
    found = round_trip(
        model_of(codec), codec, [person, crop_of(points[3:][[0] * 17], False)], JOINTS
    )
    assert (found.joints, found.outside, found.people_outside) == (13 + 17, 2, 1)
    predicted, truth = person.pred_instances.keypoints[0], person.gt_instances.keypoints[0]
    np.testing.assert_array_equal(predicted[:2], truth[:2])


@pytest.mark.parametrize(
    ("wrong", "by"),
    [
        (dict(input_size=(80, 128)), r"[23]\.\d"),
        (dict(heatmap_size=(24, 28)), r"3\.\d"),
    ],
)
def test_another_decoder_is_an_error_that_names_sample_and_joint(
    wrong: dict[str, Any], by: str
) -> None:
    settings = {**CODECS["MSRA"], **wrong}
    decoder = KEYPOINT_CODECS.build(settings)
    points = np.random.default_rng(1).uniform(10, 60, (17, 2))
    points[11] = [80, 100]
    text = r"moves \d+ of 17 annotated joints .*the joint 11 of a\.jpg, id 7: by "
    with pytest.raises(InputError, match=text + by) as caught:
        round_trip(model_of(decoder), build("MSRA"), [crop_of(points, udp=False)], JOINTS)
    assert f"decoded by {settings['type']}(" in str(caught.value)
    assert "Encoded by MSRAHeatmap(input_size=(96, 128), heatmap_size=(24, 32))" in str(
        caught.value
    )


def test_a_crop_of_another_size_that_moves_nothing_is_an_error() -> None:
    codec = build("MSRA", input_size=(192, 256), heatmap_size=(48, 64))
    person = crop_of(np.full((17, 2), 50.0), udp=False)
    with pytest.raises(InputError, match=r"crops people to \(96, 128\).*input of \(192, 256\)"):
        round_trip(model_of(codec), codec, [person], JOINTS)


def test_a_decoder_of_something_else_than_is_encoded() -> None:
    person = crop_of(np.full((17, 2), 50.0), udp=False)
    with pytest.raises(
        InputError, match="MSRAHeatmap, which encodes, gives no 'keypoint_x_labels'"
    ):
        round_trip(model_of(build("SimCC")), build("MSRA"), [person], JOINTS)


def dataset_of(*encoders: Any) -> Any:
    step = GenerateTarget(encoder=dict(CODECS["MSRA"]))
    step.encoder = encoders[0] if len(encoders) == 1 else list(encoders)
    return SimpleNamespace(pipeline=Compose([step]))


def test_the_encoder_is_found_where_the_dataset_has_it() -> None:
    first, second, third = build("MSRA"), build("MSRA", sigma=3), build("UDP")
    combined = SimpleNamespace(pipeline=Compose([]), datasets=[dataset_of(first)])
    assert find_encoder(combined, second) is first
    assert find_encoder(dataset_of(first, second, third), first) is second
    assert find_encoder(dataset_of(first, second), third) is None


def test_what_is_not_checked_and_why() -> None:
    msra, train = build("MSRA"), dataset_of(build("MSRA"))
    assert why_not(model_of(msra), train) is None
    assert why_not(model_of(msra, BottomupPoseEstimator), train) == (
        "BottomupPoseEstimator is no top-down estimator"
    )
    assert why_not(model_of(None), train) == "the head has no decoder"
    some = model_of(msra)
    some.test_cfg = dict(output_keypoint_indices=[0, 1])
    assert why_not(some, train) == "the model gives some of the keypoints only"
    reason = why_not(model_of(msra), SimpleNamespace())
    assert reason == "the training pipeline has no encoder of one kind with MSRAHeatmap"
    spr = KEYPOINT_CODECS.build(dict(type="SPR", sigma=2, **SIZES))
    assert why_not(model_of(msra), dataset_of(spr)) is None
    other = KEYPOINT_CODECS.build(dict(type="YOLOXPoseAnnotationProcessor"))
    assert why_not(model_of(other), train) == (
        "YOLOXPoseAnnotationProcessor decodes something else than it encodes"
    )
