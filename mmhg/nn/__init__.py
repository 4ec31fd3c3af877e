"""The network on torch and numpy alone: layers, fast form, loss, and reading of heatmaps."""

from mmhg.nn.fast import FastHourglass, enable_fast_inference, fast_inference
from mmhg.nn.fold_reinjection import fold_model_config, fold_reinjection
from mmhg.nn.folded import FoldedHourglass
from mmhg.nn.fuse_conv_bn import fuse_conv_bn
from mmhg.nn.heatmaps import decode_heatmaps, draw_targets
from mmhg.nn.hourglass import Hourglass
from mmhg.nn.local_supervision import local_backward
from mmhg.nn.loss import intermediate_supervision_loss
from mmhg.nn.network import StackedHourglass
from mmhg.nn.residual import Residual
from mmhg.nn.stack import MidwayStack, Stack, Stem

__all__ = [
    "FastHourglass",
    "FoldedHourglass",
    "Hourglass",
    "MidwayStack",
    "Residual",
    "Stack",
    "StackedHourglass",
    "Stem",
    "decode_heatmaps",
    "draw_targets",
    "enable_fast_inference",
    "fast_inference",
    "fold_model_config",
    "fold_reinjection",
    "fuse_conv_bn",
    "intermediate_supervision_loss",
    "local_backward",
]
