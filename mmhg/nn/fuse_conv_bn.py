"""Fold batch norms into the convolutions ahead of them, for inference."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import TypeVar

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

Model = TypeVar("Model", bound=nn.Module)


def fuse_conv_bn(model: Model) -> Model:
    """Copy a model in evaluation mode, with batch norms folded into convolutions.

    The result is exact except for rounding. In the stacked hourglass three places allow it: the
    stem's first layer, the linear layer after each hourglass, and the second and third batch norm
    of every residual, which follow its first and second convolution. The first batch norm of a
    residual acts on its input, which the skip needs unchanged, and stays.

    Args:
        model: Any module. A batch norm is folded where it directly follows a convolution in a
            `Sequential`. An `Identity` takes its place, so that names stay.
    """
    fused = deepcopy(model).eval()
    for module in fused.modules():
        if isinstance(module, nn.Sequential):
            for (before, conv), (after, norm) in pairwise(list(module.named_children())):
                if isinstance(conv, nn.Conv2d) and isinstance(norm, _BatchNorm):
                    setattr(module, before, fuse_conv_bn_eval(conv, norm))
                    setattr(module, after, nn.Identity())
    return fused
