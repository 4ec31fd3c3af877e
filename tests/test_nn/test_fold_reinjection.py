"""The pure-feature form of a network computes the same heatmaps."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmhg.errors import InputError
from mmhg.nn import fold_model_config, fold_reinjection

STACKS, KEYPOINTS = 3, 5


@pytest.fixture(autouse=True)
def mmpose_scope() -> None:
    init_default_scope("mmpose")


def config(stacks: int = STACKS) -> dict:
    return dict(
        type="TopdownPoseEstimator",
        backbone=dict(
            type="HourglassBackbone",
            num_stacks=stacks,
            depth=2,
            channels=8,
            stem_channels=(4, 4, 6),
            num_keypoints=KEYPOINTS,
        ),
        head=dict(
            type="MultiStageHeatmapHead",
            in_channels=KEYPOINTS,
            out_channels=KEYPOINTS,
            num_stages=stacks,
        ),
    )


def trained(stacks: int = STACKS) -> torch.nn.Module:
    """Return a network whose batch norms have seen data."""
    torch.manual_seed(0)
    model = MODELS.build(config(stacks)).double()
    for _ in range(3):
        model(torch.randn(4, 3, 32, 32, dtype=torch.float64), None, mode="tensor")
    return model.eval()


@pytest.mark.parametrize("stacks", [1, STACKS])
def test_every_stack_predicts_the_same(stacks: int) -> None:
    model = trained(stacks)
    folded = MODELS.build(fold_model_config(config(stacks))).double().eval()
    folded.load_state_dict(fold_reinjection(model.state_dict()), strict=True)
    images = torch.randn(2, 3, 32, 48, dtype=torch.float64)
    with torch.no_grad():
        expected = model(images, None, mode="tensor")
        found = folded(images, None, mode="tensor")
    assert len(found) == stacks
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    assert expected[-1].std() > 1e-3


def test_heatmaps_are_not_re_injected_any_more() -> None:
    folded = MODELS.build(fold_model_config(config()))
    names = {name for name, _ in folded.backbone.named_parameters()}
    assert not {name for name in names if "heatmaps" in name or "prediction" in name}
    assert "stacks.0.reinject_features.weight" in names


def test_types_are_kept() -> None:
    state = {key: value.float() for key, value in trained().state_dict().items()}
    folded = fold_reinjection(state)
    assert folded["backbone.stacks.0.reinject_features.weight"].dtype == torch.float32


def test_other_networks_are_refused() -> None:
    folded = fold_reinjection(trained().state_dict())
    with pytest.raises(InputError, match="stack 0 lacks prediction, reinject_heatmaps"):
        fold_reinjection(folded)
    with pytest.raises(InputError, match=r"no backbone\.stacks"):
        fold_reinjection({"backbone.conv1.weight": torch.zeros(1)})
