"""The loss of intermediate supervision."""

import pytest
import torch

from mmhg.errors import InputError
from mmhg.nn import intermediate_supervision_loss


def test_sum_over_stacks_of_the_mean_over_all_elements() -> None:
    heatmaps = [torch.rand(2, 3, 4, 5, requires_grad=True) for _ in range(2)]
    targets = torch.rand(2, 3, 4, 5)
    errors = [(stack.detach() - targets).square() for stack in heatmaps]
    loss = intermediate_supervision_loss(heatmaps, targets)
    torch.testing.assert_close(loss.detach(), sum(error.sum() / 120 for error in errors))
    loss.backward()
    torch.testing.assert_close(heatmaps[0].grad, 2 * (heatmaps[0].detach() - targets) / 120)
    weighted = intermediate_supervision_loss(heatmaps, targets, weights=[0.5, 3])
    torch.testing.assert_close(weighted.detach(), 0.5 * errors[0].mean() + 3 * errors[1].mean())


def test_what_does_not_go_together_is_named() -> None:
    heatmaps = [torch.rand(2, 3, 4, 5)]
    with pytest.raises(InputError, match=r"\(2, 3, 4, 5\).*targets of shape \(2, 3, 4, 4\)"):
        intermediate_supervision_loss(heatmaps, torch.rand(2, 3, 4, 4))
    with pytest.raises(InputError, match="1 stacks, but 2 weights"):
        intermediate_supervision_loss(heatmaps, heatmaps[0], weights=[1, 1])
