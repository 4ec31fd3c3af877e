"""Rebuild a trained network so that it re-injects features alone, without heatmaps.

Prediction and re-injection are linear 1x1 convolutions, so that what a stack hands on,

    x + W_f f + b_f + W_h (W_p f + b_p) + b_h = x + (W_f + W_h W_p) f + (b_f + b_h + W_h b_p),

is one convolution of its features f, exactly except for rounding. The predictions are then outside
of the network, and all except the last may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmhg.errors import InputError

_LAYER = re.compile(
    r"backbone\.stacks\.(\d+)\.(prediction|reinject_features|reinject_heatmaps)\.(weight|bias)"
)


def fold_reinjection(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fold a checkpoint's heatmaps into the features that are re-injected.

    Args:
        state: State of a `TopdownPoseEstimator` with `HourglassBackbone(output='heatmaps')` and
            `MultiStageHeatmapHead(final_layer=None)`.

    Returns:
        State of the model that `fold_model_config` describes: the backbone's re-injection is one
        convolution, and the head predicts from the features of each stack.

    Raises:
        InputError: The state is of another network. The message names what it lacks.
    """
    folded: dict[str, Tensor] = {}
    stacks: dict[int, dict[str, dict[str, Tensor]]] = {}
    for key, value in state.items():
        if match := _LAYER.fullmatch(key):
            index, layer, kind = int(match[1]), match[2], match[3]
            stacks.setdefault(index, {}).setdefault(layer, {})[kind] = value
        else:
            folded[key] = value
    if not stacks:
        raise InputError("the state has no backbone.stacks: it is not a stacked hourglass")
    if any(".midway." in key for key in state):
        raise InputError("a network of supervision='midway' re-injects no heatmaps to fold")
    last = max(stacks)
    for index, layers in sorted(stacks.items()):
        wanted = ["prediction", *["reinject_features", "reinject_heatmaps"] * (index < last)]
        if lacking := [name for name in wanted if name not in layers]:
            raise InputError(
                f"stack {index} lacks {', '.join(lacking)}. Only a network of output='heatmaps' "
                "that re-injects them has heatmaps to fold"
            )
        for kind, value in layers["prediction"].items():
            folded[f"head.multi_final_layers.{index}.{kind}"] = value
        if index != last:
            for kind, value in merge_reinjection(**layers).items():
                folded[f"backbone.stacks.{index}.reinject_features.{kind}"] = value
    return folded


def fold_model_config(model: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the model whose state `fold_reinjection` returns.

    Args:
        model: `cfg.model` of the network with heatmaps between the stacks.
    """
    backbone = dict(model["backbone"], output="features", num_keypoints=None)
    head = dict(
        model["head"],
        in_channels=backbone.get("channels", 256),
        out_channels=model["backbone"].get("num_keypoints", 16),
        num_stages=backbone.get("num_stacks", 8),
        final_layer=dict(kernel_size=1),
    )
    return dict(model, backbone=backbone, head=head)


def merge_reinjection(
    prediction: Mapping[str, Tensor],
    reinject_features: Mapping[str, Tensor],
    reinject_heatmaps: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Compute, in float64, the one convolution that replaces the three given.

    Args:
        prediction: `weight` (K, C, 1, 1) and `bias` (K,) of the heatmaps' convolution.
        reinject_features: (C, C, 1, 1) and (C,).
        reinject_heatmaps: (C, K, 1, 1) and (C,).

    Returns:
        `weight` (C, C, 1, 1) and `bias` (C,).
    """
    dtype = reinject_features["weight"].dtype
    matrix = reinject_heatmaps["weight"].double().flatten(1)  # (C, K)
    weight = reinject_features["weight"].double().flatten(1)
    weight = weight + matrix @ prediction["weight"].double().flatten(1)
    bias = reinject_features["bias"].double() + reinject_heatmaps["bias"].double()
    bias = bias + matrix @ prediction["bias"].double()
    return {"weight": weight[:, :, None, None].to(dtype), "bias": bias.to(dtype)}
