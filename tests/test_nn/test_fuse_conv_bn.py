"""Folded batch norms change nothing but rounding."""

import pytest
import torch
from torch import nn

from mmhg.nn import StackedHourglass, fuse_conv_bn


def trained(**settings) -> StackedHourglass:
    """Return a network whose batch norms have seen data and whose gains are not 1."""
    torch.manual_seed(0)
    narrow = dict(channels=8, stem_channels=(4, 4, 6), num_keypoints=3, depth=2)
    model = StackedHourglass(**narrow, **settings).double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    for _ in range(3):
        model(torch.randn(4, 3, 32, 32, dtype=torch.float64))
    return model


@pytest.mark.parametrize("output", ["heatmaps", "features", "pyramid"])
def test_outputs_are_equal(output: str) -> None:
    model = trained(num_stacks=2, output=output).eval()
    images = torch.randn(2, 3, 32, 48, dtype=torch.float64)
    with torch.no_grad():
        expected, found = model(images), fuse_conv_bn(model)(images)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_folds_what_the_paper_allows_and_no_more() -> None:
    """Of the 3 norms per residual the first stays; the stem's and the linear layers' go."""
    model = trained(num_stacks=2, num_blocks=2)
    places = 2 * (3 * 2 + 1) * 2 + 2 * 2  # residuals of the hourglasses and after them
    residuals = 3 + places
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    assert norms == 3 * residuals + 1 + 2
    fused = fuse_conv_bn(model)
    assert sum(isinstance(module, nn.BatchNorm2d) for module in fused.modules()) == residuals


def test_the_model_itself_is_left_as_it_is() -> None:
    model = trained(num_stacks=1).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert not fuse_conv_bn(model).training
    assert model.training
    assert all(value.equal(before[key]) for key, value in model.state_dict().items())


def test_an_activation_in_between_forbids_it() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.BatchNorm2d(3))
    model(torch.randn(8, 2, 4, 4))
    model.eval()
    images = torch.randn(2, 2, 4, 4)
    fused = fuse_conv_bn(model)
    assert isinstance(fused[2], nn.BatchNorm2d)
    torch.testing.assert_close(fused(images), model(images))
