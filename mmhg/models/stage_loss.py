"""Call one loss of a stage: MMPose's, a combination of several, or a user's own module.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from inspect import Parameter, signature

from mmpose.models.losses import CombinedLoss, KeypointOHKMMSELoss, MultipleLossWrapper
from mmpose.models.losses.heatmap_loss import FocalHeatmapLoss
from torch import Tensor, nn

from mmhg.errors import InputError

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def stage_loss(loss: nn.Module, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Compute a loss of heatmaps.

    A loss that has `use_target_weight`, as MMPose's have, gets the weights if that is set. One that
    has not gets them if its `forward` takes a third argument, as MMPose's heads give it. The losses
    of a `MultipleLossWrapper` or `CombinedLoss` are computed on the same heatmaps and added up.

    Args:
        loss: Module that is called with output, targets and possibly weights.
        output: Predicted heatmaps (N, K, H, W).
        targets: Their targets (N, K, H, W).
        weights: Weights of the keypoints (N, K) or of the pixels (N, K, H, W).

    Returns:
        A tensor of any shape; mmengine takes its mean.

    Raises:
        InputError: The loss returns something else, or cannot be computed of such heatmaps.
    """
    if isinstance(loss, MultipleLossWrapper | CombinedLoss):
        parts = loss.loss_modules if isinstance(loss, MultipleLossWrapper) else loss.values()
        values = [stage_loss(part, output, targets, weights).mean() for part in parts]
        return sum(values[1:], values[0])
    _check(loss, output)
    takes_weights = _takes_three(loss)
    # KeypointMSELoss masks whenever it is given weights, use_target_weight or not.
    wanted = getattr(loss, "use_target_weight", takes_weights)
    value = loss(output, targets, *([weights if wanted else None] if takes_weights else []))
    if not isinstance(value, Tensor):
        raise InputError(
            f"{type(loss).__name__}, set in model.head.loss, returned a {type(value).__name__}. A "
            "loss must return a tensor"
        )
    return value


def _check(loss: nn.Module, output: Tensor) -> None:
    """Raise InputError for settings of MMPose's losses that it would answer by NaN, or later."""
    keypoints = output.shape[1]
    if isinstance(loss, KeypointOHKMMSELoss) and loss.topk > keypoints:
        raise InputError(
            f"KeypointOHKMMSELoss keeps the topk={loss.topk} hardest keypoints, but there are "
            f"{keypoints}. Set model.head.loss.topk to {max(keypoints // 2, 1)} for the harder half"
        )
    if type(loss) is FocalHeatmapLoss and not (output.min() > 0 and output.max() < 1):
        raise InputError(
            "FocalHeatmapLoss is for probabilities, between 0 and 1, but heatmaps are between "
            f"{output.min():.3g} and {output.max():.3g}, and its logarithms would be NaN. Set "
            "model.head.loss.type to FocalHeatmapLossWithLogits"
        )


def _takes_three(loss: nn.Module) -> bool:
    """Tell if a module can be called with three arguments by position."""
    kinds = [parameter.kind for parameter in signature(loss.forward).parameters.values()]
    return Parameter.VAR_POSITIONAL in kinds or sum(kind in _POSITIONAL for kind in kinds) > 2
