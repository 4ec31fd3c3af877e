"""The recipes of docs/losses.md: each loss on each stack, with masks, in bfloat16."""

from typing import Any

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from mmhg.errors import InputError
from mmhg.models import MultiStageHeatmapHead
from mmhg.models.head_precision import full_precision_heads
from studies.losses.run import recipes

CODECS = {
    "UDPHeatmap": dict(sigma=2),
    "BatchMSRAHeatmap": dict(sigma=1),
    "HourglassHeatmap": dict(sigma=1),
}
KEYPOINTS = [[[20.3, 41.7], [44.5, 22.25], [30.0, 30.0], [51.1, 12.9]]]


def sample(codec: str = "UDPHeatmap", weights: tuple[float, ...] = (1, 1, 0, 1)) -> PoseDataSample:
    """Make the targets of four keypoints on 16 x 16 px; the third one is not annotated."""
    settings = dict(type=codec, input_size=(64, 64), heatmap_size=(16, 16), **CODECS[codec])
    keypoints = torch.tensor(KEYPOINTS).numpy()
    encoded = KEYPOINT_CODECS.build(settings).encode(keypoints, torch.tensor([weights]).numpy())
    return PoseDataSample(
        gt_fields=PixelData(heatmaps=torch.from_numpy(encoded["heatmaps"])),
        gt_instance_labels=InstanceData(
            keypoint_weights=torch.from_numpy(encoded["keypoint_weights"])
        ),
    )


def gradients(loss: Any, heatmaps: list[Tensor], data: PoseDataSample) -> list[Tensor]:
    """Return the gradient of each stack's heatmaps."""
    leaves = [maps.clone().requires_grad_() for maps in heatmaps]
    losses = MultiStageHeatmapHead(loss=loss).loss(leaves, [data])
    sum(losses[f"loss_stack{stack}"] for stack in range(len(leaves))).backward()
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("name", recipes(4))
def test_recipes_teach_each_stack_and_mask(name: str) -> None:
    torch.manual_seed(0)
    heatmaps = [torch.randn(1, 4, 16, 16) * 0.3 for _ in range(2)]
    for grad in gradients(recipes(4)[name], heatmaps, sample()):
        assert torch.isfinite(grad).all()
        assert grad.any()
        assert bool(grad[0, 2].any()) == (name == "mse_unmasked")


@pytest.mark.parametrize("name", recipes(4))
@pytest.mark.parametrize("codec", CODECS)
def test_recipes_move_the_maximum_to_the_keypoint(name: str, codec: str) -> None:
    data = sample(codec)
    target = data.gt_fields.heatmaps
    maps = torch.zeros(1, 4, 16, 16, requires_grad=True)
    head = MultiStageHeatmapHead(loss=recipes(4)[name])
    optimizer = torch.optim.Adam([maps], lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        losses = head.loss([maps, maps], [data])
        (losses["loss_stack0"] + losses["loss_stack1"]).backward()
        optimizer.step()
    annotated = [0, 1, 3]
    found = maps[0, annotated].flatten(1).argmax(1)
    at_found = target[annotated].flatten(1).gather(1, found[:, None])[:, 0]
    torch.testing.assert_close(at_found, target[annotated].amax((1, 2)))
    assert (maps[0, annotated].amax((1, 2)) > 0.4).all()


@pytest.mark.parametrize("name", recipes(4))
def test_losses_are_float32_in_mixed_precision(name: str) -> None:
    torch.manual_seed(0)
    maps = [torch.randn(1, 4, 16, 16) for _ in range(2)]
    model = torch.nn.Module()
    model.head = MultiStageHeatmapHead(loss=recipes(4)[name])
    half = [one.bfloat16() for one in maps]
    with torch.autocast("cpu", dtype=torch.bfloat16), full_precision_heads(model):
        found = model.head.loss(half, [sample()])
    expected = model.head.loss([one.float() for one in half], [sample()])
    for stack in ("loss_stack0", "loss_stack1"):
        assert found[stack].dtype == torch.float32
        torch.testing.assert_close(found[stack], expected[stack], rtol=0, atol=0)


def test_focal_loss_stands_for_probabilities() -> None:
    """At heatmaps between 0 and 1 it is MMPose's loss of the probabilities they stand for."""
    torch.manual_seed(0)
    heatmaps, data = torch.rand(1, 4, 16, 16), sample("HourglassHeatmap")
    target = data.gt_fields.heatmaps[None]
    ours = MODELS.build(dict(type="FocalHeatmapLossWithLogits"))(heatmaps, target)
    probabilities = torch.sigmoid(4.394449 * (heatmaps - 0.5))
    theirs = MODELS.build(dict(type="FocalHeatmapLoss"))(probabilities, target)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=0)
    edge = torch.full_like(heatmaps, 40.0)  # where probabilities are exactly 1
    assert torch.isfinite(MODELS.build(dict(type="FocalHeatmapLossWithLogits"))(edge, target))


def test_focal_loss_of_a_keypoint_outside_has_no_peak() -> None:
    """The flank of a Gaussian that reaches in is no keypoint's pixel."""
    target = torch.zeros(1, 1, 8, 8)
    target[..., 0] = 0.3
    loss = MODELS.build(dict(type="FocalHeatmapLossWithLogits"))
    flat = torch.zeros(1, 1, 8, 8)
    assert loss(flat + 0.1, target) > loss(flat, target)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (dict(type="FocalHeatmapLoss"), "FocalHeatmapLossWithLogits"),
        (dict(type="KeypointOHKMMSELoss"), r"topk=8 .* there are 4. Set .* to 2"),
    ],
)
def test_losses_that_do_not_fit_say_so(loss: dict, message: str) -> None:
    maps = torch.randn(1, 4, 16, 16)
    with pytest.raises(InputError, match=message):
        MultiStageHeatmapHead(loss=loss).loss([maps], [sample()])
