"""The loss of intermediate supervision.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

from mmhg.errors import InputError


def intermediate_supervision_loss(
    heatmaps: Sequence[Tensor], targets: Tensor, *, weights: Sequence[float] | None = None
) -> Tensor:
    """Sum the mean squared errors of all stacks, each over all elements, as in the paper.

    Args:
        heatmaps: One tensor (N, K, H, W) per stack.
        targets: (N, K, H, W), the same for every stack. A keypoint without annotation has an
            all-zero target and counts.
        weights: One factor per stack; None weighs all by 1, as the paper does.

    Raises:
        InputError: The shapes, or the numbers of stacks and weights, differ.
    """
    factors = [1.0] * len(heatmaps) if weights is None else weights
    if len(factors) != len(heatmaps):
        raise InputError(f"there are {len(heatmaps)} stacks, but {len(factors)} weights")
    for stack in heatmaps:
        if stack.shape != targets.shape:
            raise InputError(
                f"heatmaps of shape {tuple(stack.shape)} cannot be compared with targets of shape "
                f"{tuple(targets.shape)} (N, K, H, W)"
            )
    losses = (
        factor * functional.mse_loss(stack, targets)
        for factor, stack in zip(factors, heatmaps, strict=True)
    )
    return sum(losses, start=targets.new_zeros(()))
