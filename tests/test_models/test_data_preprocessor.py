"""The preprocessor hands out what MMPose's does, and the targets that the pipeline would make."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS, TRANSFORMS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from mmhg.config.library import get_config
from mmhg.datasets.collate import shared_memory_collate
from mmhg.models import DeviceTargetPreprocessor

AUTHORS = dict(type="HourglassHeatmap", input_size=(64, 32), heatmap_size=(16, 8), sigma=1)
NORMALISE = dict(mean=[3.0, 20.5, 100.0], std=[57.0, 58.5, 60.25])


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope("mmpose")


def packed(number: int, channels: int = 3, size: tuple[int, int] = (32, 64)) -> dict[str, Any]:
    """A person whose joints are spread over the input (64 x 32 px) and beyond, as packed."""
    rng = np.random.default_rng(number)
    people = InstanceData(
        bboxes=rng.random((1, 4)),
        keypoints_visible=rng.integers(0, 2, (1, 9)).astype(np.float32),
        transformed_keypoints=rng.uniform(-20, 80, (1, 9, 2)).astype(np.float32),
    )
    image = torch.from_numpy(rng.integers(0, 256, (channels, *size), dtype=np.uint8))
    metainfo = dict(id=number, raw_ann_info=dict(keypoints=[1, 2]))
    return dict(inputs=image, data_samples=PoseDataSample(metainfo=metainfo, gt_instances=people))


def batch(**changes: Any) -> dict[str, Any]:
    return pseudo_collate([packed(number, **changes) for number in range(5)])


def forbid_host_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("a tensor was moved to the host")

    for name in ("item", "cpu", "numpy", "__bool__", "__float__", "__int__", "tolist"):
        monkeypatch.setattr(Tensor, name, forbidden)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        (dict(NORMALISE, bgr_to_rgb=True), {}),
        (dict(mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True), {}),
        (dict(NORMALISE), dict(size=(30, 50))),
        (dict(NORMALISE, pad_size_divisor=32, pad_value=7, rgb_to_bgr=True), dict(size=(33, 64))),
        (dict(bgr_to_rgb=True), {}),
        (dict(), dict(channels=1)),
        (dict(mean=[127.0], std=[50.0]), dict(channels=1)),
        (dict(mean=[127.0], std=[50.0]), dict(channels=4)),
    ],
)
def test_images_and_metainfo_are_mmposes(settings: dict, changes: dict, training: bool) -> None:
    plain = MODELS.build(dict(type="PoseDataPreprocessor", **settings))
    ours = MODELS.build(dict(type="DeviceTargetPreprocessor", **settings))
    expected = plain(batch(**changes), training)
    given = [packed(number, **changes) for number in range(5)]
    for collate in (pseudo_collate, shared_memory_collate):
        outcome = ours(collate(given), training)
        assert outcome.keys() == expected.keys()
        assert outcome["inputs"].dtype == torch.float32
        assert outcome["inputs"].equal(expected["inputs"])
        for one, other in zip(outcome["data_samples"], expected["data_samples"], strict=True):
            assert one.metainfo == other.metainfo
            assert set(one.keys()) == set(other.keys())
    assert "pad_shape" not in given[0]["data_samples"]
    assert given[0]["inputs"].equal(packed(0, **changes)["inputs"])


def test_float_images_are_not_changed_in_place() -> None:
    data = batch()
    data["inputs"] = torch.stack(data["inputs"]).float()
    before = data["inputs"].clone()
    outcome = DeviceTargetPreprocessor(**NORMALISE)(data)
    assert data["inputs"].equal(before)
    mean, std = (torch.tensor(NORMALISE[name]).view(3, 1, 1) for name in ("mean", "std"))
    assert outcome["inputs"].equal((before - mean) / std)


def test_images_of_different_sizes_are_padded_as_mmpose_does() -> None:
    samples = [packed(number, size=(20 + number, 40 - number)) for number in range(5)]
    settings = dict(NORMALISE, bgr_to_rgb=True, pad_size_divisor=8)
    expected = MODELS.build(dict(type="PoseDataPreprocessor", **settings))(pseudo_collate(samples))
    ours = DeviceTargetPreprocessor(encoder=AUTHORS, **settings)
    outcome = ours(shared_memory_collate(samples), training=True)
    assert outcome["inputs"].equal(expected["inputs"])
    for one, other in zip(outcome["data_samples"], expected["data_samples"], strict=True):
        assert (one.pad_shape, one.batch_input_shape) == (other.pad_shape, other.batch_input_shape)
        assert one.gt_fields.heatmaps.shape == (9, 8, 16)


def test_images_that_the_settings_do_not_fit_are_refused_as_by_mmpose() -> None:
    with pytest.raises(AssertionError, match=r"should in shape of \(3, H, W\)"):
        DeviceTargetPreprocessor(**NORMALISE)(batch(channels=1))


def crop(results: dict, *steps: dict) -> dict[str, Any]:
    """A person through a pipeline, packed."""
    results = copy.deepcopy(results)
    for step in steps:
        results = TRANSFORMS.build(step).transform(results)
    return results


@pytest.mark.parametrize("two_values", [False, True])
@pytest.mark.parametrize("codec", [AUTHORS, dict(AUTHORS, type="MSRAHeatmap")])
def test_targets_are_those_of_the_pipeline(codec: dict, two_values: bool) -> None:
    """Of two values of visibility, as `KeypointConverter` leaves them, the first counts."""
    rng = np.random.default_rng(0)
    people = []
    for _ in range(3):
        visible = rng.choice([0, 0.4, 1, 1], (1, 30)).astype(np.float32)
        people.append(
            dict(
                img=rng.integers(0, 256, (90, 120, 3), dtype=np.uint8),
                bbox=np.array([[20, 10, 90, 60]], dtype=np.float32),
                keypoints=rng.uniform(-30, 130, (1, 30, 2)).astype(np.float32),
                keypoints_visible=np.stack((visible, visible / 2), 2) if two_values else visible,
            )
        )
    steps = [
        dict(type="GetBBoxCenterScale"),
        dict(type="TopdownAffine", input_size=codec["input_size"]),
    ]
    target = dict(type="GenerateTarget", encoder=codec)
    joints = dict(type="PackPoseInputs", pack_transformed=True)
    made = [crop(one, *steps, target, dict(type="PackPoseInputs")) for one in people]
    sent = [crop(one, *steps, joints) for one in people]
    plain = MODELS.build(dict(type="PoseDataPreprocessor"))(pseudo_collate(made), True)
    ours = DeviceTargetPreprocessor(encoder=codec)
    for data in (pseudo_collate(sent), shared_memory_collate(sent)):
        outcome = ours(data, training=True)
        assert outcome["inputs"].equal(plain["inputs"])
        for one, other in zip(outcome["data_samples"], plain["data_samples"], strict=True):
            assert one.gt_fields.keys() == other.gt_fields.keys() == ["heatmaps"]
            assert other.gt_fields.heatmaps.max() == 1
            assert one.gt_fields.heatmaps.equal(other.gt_fields.heatmaps)
            weights = one.gt_instance_labels.keypoint_weights
            assert weights.shape == (1, 30)
            assert weights.equal(other.gt_instance_labels.keypoint_weights)


def test_heatmaps_are_views_of_one_tensor_and_given_samples_stay() -> None:
    data = batch()
    preprocessor = DeviceTargetPreprocessor(encoder=AUTHORS)
    for _ in range(2):
        samples = preprocessor(data, training=True)["data_samples"]
        places = {one.gt_fields.heatmaps.untyped_storage().data_ptr() for one in samples}
        assert len(places) == 1
    assert "gt_fields" not in data["data_samples"][0]
    assert "batch_input_shape" not in data["data_samples"][0]


def test_nothing_is_drawn_when_testing() -> None:
    samples = DeviceTargetPreprocessor(encoder=AUTHORS)(batch())["data_samples"]
    assert all("gt_fields" not in one for one in samples)


def test_stock_heads_train_with_the_targets() -> None:
    inputs, samples = DeviceTargetPreprocessor(encoder=AUTHORS)(batch(), training=True).values()
    head = MODELS.build(
        dict(
            type="HeatmapHead",
            in_channels=3,
            out_channels=9,
            deconv_out_channels=None,
            loss=dict(type="KeypointMSELoss", use_target_weight=True),
        )
    )
    losses = head.loss((inputs[:, :, ::4, ::4],), samples)
    assert losses["loss_kpt"] > 0


def test_batches_are_augmented_when_training_alone() -> None:
    @MODELS.register_module(force=True)
    class Negative(nn.Module):
        def forward(self, inputs: Tensor, samples: list) -> tuple[Tensor, list]:
            assert "heatmaps" in samples[0].gt_fields
            return -inputs, samples

    preprocessor = DeviceTargetPreprocessor(
        encoder=AUTHORS, batch_augments=[dict(type="Negative")], **NORMALISE
    )
    tested, trained = (preprocessor(batch(), training)["inputs"] for training in (False, True))
    assert trained.equal(-tested)


def test_everything_goes_to_the_device() -> None:
    """Meta tensors have no values: whoever asked for one would fail."""
    for kind in ("HourglassHeatmap", "MSRAHeatmap", "UDPHeatmap"):
        preprocessor = DeviceTargetPreprocessor(encoder=dict(AUTHORS, type=kind), **NORMALISE)
        outcome = preprocessor.to("meta")(batch(), training=True)
        assert outcome["inputs"].is_meta
        for one in outcome["data_samples"]:
            assert one.gt_fields.heatmaps.is_meta
            assert one.gt_instance_labels.keypoint_weights.is_meta


def test_targets_of_the_pipeline_go_to_the_device() -> None:
    data = batch()
    for one in data["data_samples"]:
        one.gt_fields = PixelData(heatmaps=torch.rand(9, 8, 16))
    samples = DeviceTargetPreprocessor().to("meta")(data, training=True)["data_samples"]
    assert all(one.gt_fields.heatmaps.is_meta for one in samples)
    assert not data["data_samples"][0].gt_fields.heatmaps.is_meta


def test_nothing_leaves_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    preprocessor = DeviceTargetPreprocessor(encoder=AUTHORS, bgr_to_rgb=True, **NORMALISE)
    data = batch()
    with monkeypatch.context() as patches:
        forbid_host_waits(patches)
        outcome = preprocessor(data, training=True)
    assert outcome["data_samples"][0].gt_fields.heatmaps.shape == (9, 8, 16)


def test_copies_to_cuda_are_pinned_and_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be asked of CUDA, on a machine without."""
    preprocessor = DeviceTargetPreprocessor(**NORMALISE)
    preprocessor._device = torch.device("cuda")
    asked = []
    monkeypatch.setattr(Tensor, "is_pinned", lambda self: self.dtype == torch.uint8)
    monkeypatch.setattr(Tensor, "pin_memory", lambda self: asked.append("pinned") or self)
    monkeypatch.setattr(Tensor, "to", lambda self, *args, **kwargs: asked.append((args, kwargs)))
    copy_over = (torch.device("cuda"),), dict(non_blocking=True)
    preprocessor._on_device(torch.zeros(2))
    assert asked == ["pinned", copy_over]
    preprocessor._on_device(torch.zeros(2, dtype=torch.uint8))
    assert asked[2:] == [copy_over]


def test_a_state_dict_has_nothing_of_it() -> None:
    assert not DeviceTargetPreprocessor(encoder=AUTHORS, **NORMALISE).state_dict()


def without_joints(sample: PoseDataSample) -> None:
    del sample.gt_instances.transformed_keypoints


def with_heatmaps(sample: PoseDataSample) -> None:
    sample.gt_fields = PixelData(heatmaps=torch.zeros(9, 8, 16))


def with_two_people(sample: PoseDataSample) -> None:
    sample.gt_instances = InstanceData.cat([sample.gt_instances, sample.gt_instances])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_joints, r"PackPoseInputs\(pack_transformed=True\)"),
        (with_heatmaps, "take GenerateTarget out"),
        (with_two_people, "one person a sample, got 2"),
    ],
)
def test_samples_that_cannot_be_drawn_are_refused(change: Any, message: str) -> None:
    data = batch()
    change(data["data_samples"][2])
    with pytest.raises(ValueError, match=message):
        DeviceTargetPreprocessor(encoder=AUTHORS)(data, training=True)


def test_a_codec_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match=r"HourglassHeatmap, MSRAHeatmap and UDPHeatmap"):
        DeviceTargetPreprocessor(encoder=dict(AUTHORS, type="IntegralRegressionLabel"))


def test_a_training_is_the_same_as_with_mmposes_targets(mpii_root: Path, tmp_path: Path) -> None:
    """Ours as configured, through worker, collation and preprocessor, against MMPose's own way."""

    def train(name: str, mmposes: bool) -> dict[str, Tensor]:
        cfg = get_config("hg1_mpii_256")
        cfg.work_dir, cfg.randomness = str(tmp_path / name), dict(seed=3)
        cfg.model.backbone.update(channels=16, stem_channels=(4, 8, 8))
        loader = cfg.train_dataloader
        loader.update(batch_size=2, num_workers=1)
        loader.dataset.data_root = f"{mpii_root}/"
        if mmposes:
            cfg.model.data_preprocessor.update(type="PoseDataPreprocessor")
            del cfg.model.data_preprocessor.encoder, loader.collate_fn
            target = dict(type="GenerateTarget", encoder=cfg.codec)
            loader.dataset.pipeline[-1:] = [target, dict(type="PackPoseInputs")]
        for loop in ("val", "test"):
            for part in ("dataloader", "cfg", "evaluator"):
                cfg[f"{loop}_{part}"] = None
        cfg.train_cfg = dict(by_epoch=True, max_epochs=2)
        cfg.param_scheduler = cfg.custom_hooks = cfg.default_hooks = None
        runner = Runner.from_cfg(cfg)
        runner.train()
        return runner.model.state_dict()

    ours, theirs = train("ours", mmposes=False), train("theirs", mmposes=True)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert value.equal(theirs[name]), name
