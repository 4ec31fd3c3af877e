"""The head: the paper's loss, weights, accuracy, errors."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from mmhg.errors import InputError
from mmhg.models import MultiStageHeatmapHead


def samples(targets: torch.Tensor, weights: torch.Tensor) -> list[PoseDataSample]:
    return [
        PoseDataSample(
            gt_fields=PixelData(heatmaps=target),
            gt_instance_labels=InstanceData(keypoint_weights=weight[None]),
        )
        for target, weight in zip(targets, weights, strict=True)
    ]


@pytest.fixture
def batch() -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    feats = [torch.rand(2, 3, 8, 8) for _ in range(2)]
    targets = torch.rand(2, 3, 8, 8)
    targets[0, 1] = 0  # not annotated: an all-zero target
    weights = torch.ones(2, 3)
    weights[0, 1] = 0
    return feats, targets, weights


def test_loss_is_the_plain_mean_over_all_elements(batch) -> None:
    feats, targets, weights = batch
    head = MultiStageHeatmapHead(3, 3, 2)
    losses = head.loss(feats, samples(targets, weights))
    assert list(losses) == ["loss_stack0", "loss_stack1", "acc_pose"]
    for stack, heatmaps in enumerate(feats):
        expected = (heatmaps - targets).square().sum() / targets.numel()
        torch.testing.assert_close(losses[f"loss_stack{stack}"], expected)


def test_target_weights_mask_when_asked(batch) -> None:
    feats, targets, weights = batch
    head = MultiStageHeatmapHead(3, 3, 2, loss=dict(type="KeypointMSELoss", use_target_weight=True))
    losses = head.loss(feats, samples(targets, weights))
    squares = (feats[0] - targets).square() * weights[..., None, None]
    torch.testing.assert_close(losses["loss_stack0"], squares.sum() / targets.numel())


def test_loss_weights_and_a_loss_for_each_stage(batch) -> None:
    feats, targets, weights = batch
    loss = [dict(type="KeypointMSELoss"), dict(type="KeypointMSELoss", loss_weight=10.0)]
    head = MultiStageHeatmapHead(3, 3, 2, loss=loss, loss_weights=[0.5, 2.0])
    losses = head.loss(feats, samples(targets, weights))
    first, second = ((heatmaps - targets).square().mean() for heatmaps in feats)
    torch.testing.assert_close(losses["loss_stack0"], 0.5 * first)
    torch.testing.assert_close(losses["loss_stack1"], 20 * second)


@pytest.mark.parametrize("loss", ["KeypointOHKMMSELoss", "AdaptiveWingLoss", "FocalHeatmapLoss"])
def test_other_losses_of_mmpose(batch, loss: str) -> None:
    feats, targets, weights = batch
    settings = dict(topk=2) if loss == "KeypointOHKMMSELoss" else {}
    feats = [heatmaps * 0.9 + 0.05 for heatmaps in feats]
    direct = MODELS.build(dict(type=loss, **settings))
    head = MultiStageHeatmapHead(3, 3, 2, loss=dict(type=loss, **settings))
    losses = head.loss(feats, samples(targets, weights))
    torch.testing.assert_close(losses["loss_stack1"], direct(feats[1], targets, None))


def test_without_final_layer_there_are_no_parameters_and_heatmaps_pass_through(batch) -> None:
    feats, _, _ = batch
    head = MultiStageHeatmapHead(3, 3, 2)
    assert list(head.parameters()) == []
    assert all(out is feat for out, feat in zip(head(feats), feats, strict=True))


def test_final_layer_predicts_from_each_feature_map() -> None:
    head = MultiStageHeatmapHead(64, 3, 2, final_layer=dict(kernel_size=1))
    head.init_weights()
    feats = [torch.rand(2, 64, 8, 8) for _ in range(2)]
    outputs = head(feats)
    for layer, feat, output in zip(head.multi_final_layers, feats, outputs, strict=True):
        torch.testing.assert_close(output, layer(feat))
        assert 0.05 < layer.weight.std() < 0.1  # PyTorch's U(-1/8, 1/8), not MMPose's 0.001


def test_accuracy_is_the_last_stacks() -> None:
    head = MultiStageHeatmapHead()
    targets = torch.zeros(1, 4, 16, 16)
    targets[:, :, 8, 8] = 1
    last = targets.clone()
    last[0, 3] = last[0, 3].roll(4, dims=-1)  # a quarter of the side off
    sample = PoseDataSample(
        gt_fields=PixelData(heatmaps=targets[0]),
        gt_instance_labels=InstanceData(keypoint_weights=torch.ones(1, 4)),
    )
    losses = head.loss([1 - targets, last], [sample])
    assert losses["acc_pose"].item() == 0.75


def test_flip_test_averages_the_mirrored_heatmaps() -> None:
    codec = dict(type="MSRAHeatmap", input_size=(32, 32), heatmap_size=(8, 8), sigma=1)
    head = MultiStageHeatmapHead(2, 2, 2, decoder=codec)
    first = torch.zeros(1, 2, 8, 8)
    plain, mirrored = first.clone(), first.clone()
    plain[0, 0, 2, 3] = 1  # keypoint 0 at x = 3
    mirrored[0, 1, 2, 2] = 1.5  # its mirror image, at x = 7 - 2 = 5 of keypoint 1
    sample = PoseDataSample(
        metainfo=dict(flip_indices=[1, 0]), gt_instances=InstanceData(bboxes=np.zeros((1, 4)))
    )
    predictions, fields = head.predict(
        [[first, plain], [first, mirrored]],
        [sample],
        dict(flip_test=True, flip_mode="heatmap", shift_heatmap=False, output_heatmaps=True),
    )
    heatmaps = fields[0].heatmaps
    assert heatmaps[0, 2, 3] == 0.5
    assert heatmaps[0, 2, 5] == 0.75
    keypoint = predictions[0].keypoints[0, 0]
    np.testing.assert_allclose(keypoint, [5 * 4, 2 * 4], atol=1.01)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(num_stages=3), "returns 2 feature maps.*num_stages is 3"),
        (dict(out_channels=4), "out_channels is 4.*3 channels"),
    ],
)
def test_inputs_that_do_not_fit(batch, settings: dict, message: str) -> None:
    head = MultiStageHeatmapHead(
        **{**dict(in_channels=3, out_channels=3, num_stages=2), **settings}
    )
    with pytest.raises(ValueError, match=message):
        head(batch[0])


def test_targets_of_another_shape(batch) -> None:
    feats, targets, weights = batch
    head = MultiStageHeatmapHead(3, 3, 2)
    with pytest.raises(ValueError, match=r"\(2, 3, 8, 8\).*\(2, 1, 8, 8\).*num_keypoints"):
        head.loss(feats, samples(targets[:, :1], weights[:, :1]))


def test_number_of_loss_weights() -> None:
    with pytest.raises(ValueError, match=r"loss_weights.*num_stages=2"):
        MultiStageHeatmapHead(3, 3, 2, loss_weights=[1.0])


def test_numbers_that_are_not_given_are_the_backbones(batch) -> None:
    feats, targets, weights = batch
    head, given = MultiStageHeatmapHead(), MultiStageHeatmapHead(3, 3, 2)
    losses, expected = (one.loss(feats, samples(targets, weights)) for one in (head, given))
    assert losses == expected
    assert list(head.loss(feats[:1], samples(targets, weights))) == ["loss_stack0", "acc_pose"]
    with pytest.raises(InputError, match=r"\(2, 3, 8, 8\).*\(2, 1, 8, 8\).*num_keypoints"):
        head.loss(feats, samples(targets[:, :1], weights[:, :1]))


@pytest.mark.parametrize(
    "settings", [dict(loss_weights=[0.5, 2.0]), dict(loss=[dict(type="KeypointMSELoss")] * 2)]
)
def test_settings_of_each_stage_give_their_number(batch, settings: dict) -> None:
    head = MultiStageHeatmapHead(**settings)
    assert len(head(batch[0])) == 2
    with pytest.raises(InputError, match=r"returns 3 feature maps.*num_stages is 2"):
        head([*batch[0], batch[0][0]])


def test_layers_need_their_numbers() -> None:
    with pytest.raises(InputError, match=r"final_layer.*given in_channels, num_stages\."):
        MultiStageHeatmapHead(out_channels=3, final_layer=dict(kernel_size=1))
    with pytest.raises(InputError, match=r"given in_channels, out_channels, num_stages\."):
        MultiStageHeatmapHead(deconv_out_channels=[8], deconv_kernel_sizes=[4])


class Absolute(torch.nn.Module):
    """A user's loss without `use_target_weight`."""

    def forward(self, output, target, target_weights=None, mask=None):
        difference = (output - target).abs()
        return (
            difference if target_weights is None else difference * target_weights[..., None, None]
        )


class TwoArguments(torch.nn.Module):
    def forward(self, output, target):
        return (output - target).abs()


class Wrong(torch.nn.Module):
    def forward(self, output, target):
        return dict(loss=output.mean())


def test_losses_without_use_target_weight(batch, monkeypatch) -> None:
    feats, targets, weights = batch
    head = MultiStageHeatmapHead(3, 3, 2)
    difference = (feats[1] - targets).abs()
    for loss, expected in (
        (Absolute(), difference * weights[..., None, None]),
        (TwoArguments(), difference),
        (torch.nn.L1Loss(), difference.mean()),
    ):
        head.loss_module = loss
        losses = head.loss(feats, samples(targets, weights))
        torch.testing.assert_close(losses["loss_stack1"], expected)
    head.loss_module = Wrong()
    with pytest.raises(InputError, match=r"Wrong, set in model\.head\.loss, returned a dict"):
        head.loss(feats, samples(targets, weights))


@pytest.mark.parametrize("form", ["MultipleLossWrapper", "CombinedLoss"])
def test_losses_together_are_added(batch, form: str) -> None:
    feats, targets, weights = batch
    losses = [
        dict(type="KeypointMSELoss", use_target_weight=True),
        dict(type="KeypointMSELoss", loss_weight=0.5),
    ]
    given = losses if form == "MultipleLossWrapper" else dict(a=losses[0], b=losses[1])
    head = MultiStageHeatmapHead(3, 3, 2, loss=dict(type=form, losses=given))
    found = head.loss(feats, samples(targets, weights))
    squares = (feats[0] - targets).square()
    masked = (squares * weights[..., None, None]).mean()
    torch.testing.assert_close(found["loss_stack0"], masked + 0.5 * squares.mean())
