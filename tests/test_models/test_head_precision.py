"""MMPose's heads under autocast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.datasets.transforms import GenerateTarget, PackPoseInputs
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import nn

from mmhg.models.head_precision import full_precision_heads

K, SIDE = 4, 8
HEATMAP = dict(type="MSRAHeatmap", input_size=(32, 32), heatmap_size=(SIDE, SIDE), sigma=1)
INTEGRAL = dict(HEATMAP, type="IntegralRegressionLabel", sigma=1.0)
REGRESSION = dict(type="RegressionLabel", input_size=(32, 32))
SIMCC = dict(type="SimCCLabel", input_size=(32, 32), sigma=3.0, simcc_split_ratio=2.0)
MSE = dict(type="KeypointMSELoss", use_target_weight=True)
SMOOTH = dict(type="SmoothL1Loss", use_target_weight=True)
WIDE = dict(in_channels=16, out_channels=K)
COORDINATES = dict(in_channels=16, num_joints=K)
MAP = dict(in_featuremap_size=(SIDE, SIDE), deconv_out_channels=None)
SPLIT = dict(in_featuremap_size=(SIDE, SIDE), simcc_split_ratio=2.0, input_size=(32, 32))
GAU = dict(
    hidden_dims=32,
    s=16,
    expansion_factor=2,
    dropout_rate=0.0,
    drop_path=0.0,
    act_fn="SiLU",
    use_rel_bias=False,
    pos_enc=False,
)

HEADS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "HeatmapHead": (dict(WIDE, deconv_out_channels=None, loss=MSE), HEATMAP),
    "CPMHead": (dict(WIDE, num_stages=2, loss=MSE), HEATMAP),
    "ViPNASHead": (dict(WIDE, deconv_out_channels=None, loss=MSE), HEATMAP),
    "IntegralRegressionHead": (dict(COORDINATES, **MAP, loss=SMOOTH), INTEGRAL),
    "DSNTHead": (
        dict(
            COORDINATES,
            **MAP,
            loss=dict(
                type="MultipleLossWrapper",
                losses=[SMOOTH, dict(type="JSDiscretLoss", use_target_weight=False)],
            ),
        ),
        INTEGRAL,
    ),
    "RegressionHead": (dict(COORDINATES, loss=SMOOTH), REGRESSION),
    "RLEHead": (
        dict(COORDINATES, loss=dict(type="RLELoss", use_target_weight=True)),
        REGRESSION,
    ),
    "SimCCHead": (
        dict(
            WIDE,
            **SPLIT,
            deconv_out_channels=None,
            loss=dict(type="KLDiscretLoss", use_target_weight=True),
        ),
        SIMCC,
    ),
    "RTMCCHead": (
        dict(
            WIDE,
            **SPLIT,
            final_layer_kernel_size=3,
            gau_cfg=GAU,
            loss=dict(type="KLDiscretLoss", use_target_weight=True, beta=10.0),
        ),
        SIMCC,
    ),
}


def sample(codec: dict[str, Any]) -> PoseDataSample:
    """Encode a person of K keypoints as a pipeline does."""
    keypoints = np.random.default_rng(0).uniform(4, 28, (1, K, 2)).astype(np.float32)
    results = dict(
        img=np.zeros((32, 32, 3), np.uint8),
        keypoints=keypoints,
        transformed_keypoints=keypoints,
        keypoints_visible=np.ones((1, K), np.float32),
        bbox=np.array([[0, 0, 32, 32]], np.float32),
        bbox_scores=np.ones(1, np.float32),
        input_center=np.array([16.0, 16.0]),
        input_scale=np.array([32.0, 32.0]),
        input_size=(32, 32),
    )
    packed: PoseDataSample = PackPoseInputs()(GenerateTarget(codec)(results))["data_samples"]
    return packed


def estimator(name: str) -> tuple[nn.Module, PoseDataSample, tuple[torch.Tensor, ...]]:
    settings, codec = HEADS[name]
    init_default_scope("mmpose")
    torch.manual_seed(0)
    model = nn.Module()
    model.head = MODELS.build(dict(settings, type=name, decoder=codec))
    if name in ("RegressionHead", "RLEHead"):
        feats = (torch.randn(1, 16, 1, 1),)
    else:
        feats = (torch.rand(1, 16, SIDE, SIDE), torch.rand(1, 16, SIDE, SIDE))
    return model, sample(codec), feats


@pytest.mark.parametrize("name", HEADS)
def test_loss_and_keypoints_are_computed_in_float32(name: str) -> None:
    model, person, feats = estimator(name)
    head = model.head
    expected = head.loss(feats, [person], train_cfg={})
    (known,) = head.eval().predict(feats, [person], test_cfg={})
    head.train()
    with torch.autocast("cpu", dtype=torch.bfloat16), full_precision_heads(model):
        losses = head.loss(feats, [person], train_cfg={})
        (found,) = head.eval().predict(feats, [person], test_cfg={})
    assert losses.keys() == expected.keys()
    for key, value in losses.items():
        if "loss" in key:
            assert value.dtype is torch.float32
            # The layers are in bfloat16: near, but not equal.
            torch.testing.assert_close(value, expected[key], rtol=0.05, atol=1e-3)
    sum(value for key, value in losses.items() if "loss" in key).backward()
    assert all(p.grad.isfinite().all() for p in head.parameters() if p.grad is not None)
    assert np.asarray(found.keypoints).dtype == np.asarray(known.keypoints).dtype
    assert vars(head).keys().isdisjoint(("forward", "loss", "predict"))


def test_layers_stay_in_low_precision() -> None:
    model, person, feats = estimator("HeatmapHead")
    seen = []
    model.head.final_layer.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16), full_precision_heads(model):
        model.head.loss(feats, [person], train_cfg={})
        assert model.head.forward(feats).dtype is torch.bfloat16  # outside of a loss: unchanged
    assert seen == [torch.bfloat16] * 2


def test_a_head_that_does_not_call_its_forward_computes_in_float32() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(16, 1, 1)

        def loss(self, feats: Any, batch: Any) -> dict:
            return dict(loss=torch.as_tensor(self.layer(feats[0]).detach().numpy().mean()))

    model = nn.Module()
    model.head = Own()
    with torch.autocast("cpu", dtype=torch.bfloat16), full_precision_heads(model):
        value = model.head.loss([torch.rand(1, 16, 2, 2).bfloat16()], None)["loss"]
    assert value.dtype is torch.float32


def test_an_exception_leaves_the_head_as_it_was() -> None:
    model, *_ = estimator("HeatmapHead")
    own = vars(model.head).setdefault("loss", lambda *args: "own")
    with pytest.raises(RuntimeError), full_precision_heads(model):
        raise RuntimeError
    assert vars(model.head)["loss"] is own
    assert "forward" not in vars(model.head)
