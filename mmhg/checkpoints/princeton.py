"""Keys of princeton-vl/pytorch_stacked_hourglass (models/posenet.py and models/layers.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import torch
from torch import Tensor

from mmhg.checkpoints.layout import Counts, Layout, fresh_optimizer
from mmhg.checkpoints.structure import count_distinct
from mmhg.errors import InputError

RESIDUAL = {
    "residual.0": "bn1",
    "residual.2": "conv1.conv",
    "residual.3": "bn2",
    "residual.5": "conv2.conv",
    "residual.6": "bn3",
    "residual.8": "conv3.conv",
    "skip": "skip_layer.conv",
}


def counts(names: Collection[str]) -> Counts:
    """Count stacks and depth; there is one residual at each place."""
    return Counts(
        num_stacks=count_distinct(r"(?:hgs|features|outs)\.(\d+)\.", names),
        depth=max((name.count(".low2") for name in names if name.startswith("hgs.0.")), default=0),
        num_blocks=1,
    )


def modules(size: Counts) -> dict[str, str]:
    """Map our name of every convolution and batch norm to theirs."""
    if size.num_blocks != 1:
        raise InputError(
            f"the network has {size.num_blocks} residuals at each place, princeton's has one"
        )
    names = dict(_layers(size))
    for ours, theirs in _residuals(size):
        names |= {f"{ours}.{part}": f"{theirs}.{name}" for part, name in RESIDUAL.items()}
    return names


def _residuals(size: Counts) -> Iterator[tuple[str, str]]:
    yield from (("stem.3", "pre.1"), ("stem.5", "pre.3"), ("stem.6", "pre.4"))
    for stack in range(size.num_stacks):
        ours, theirs = f"stacks.{stack}.hourglass", f"hgs.{stack}.0"
        for _ in range(size.depth):
            yield f"{ours}.skip.0", f"{theirs}.up1"
            yield f"{ours}.down.1", f"{theirs}.low1"
            yield f"{ours}.up.0", f"{theirs}.low3"
            ours, theirs = f"{ours}.inner", f"{theirs}.low2"
        yield f"{ours}.0", theirs
        yield f"stacks.{stack}.features.0", f"features.{stack}.0"


def _layers(size: Counts) -> Iterator[tuple[str, str]]:
    yield from (("stem.0", "pre.0.conv"), ("stem.1", "pre.0.bn"))
    for stack in range(size.num_stacks):
        yield f"stacks.{stack}.features.1", f"features.{stack}.1.conv"
        yield f"stacks.{stack}.features.2", f"features.{stack}.1.bn"
        yield f"stacks.{stack}.prediction", f"outs.{stack}.conv"
        if stack < size.num_stacks - 1:
            yield f"stacks.{stack}.reinject_features", f"merge_features.{stack}.conv.conv"
            yield f"stacks.{stack}.reinject_heatmaps", f"merge_preds.{stack}.conv.conv"


def checkpoint(state: dict[str, Tensor]) -> dict[str, Any]:
    """Wrap a state dict as its train.py saves and loads it; its optimizer has made no step."""
    optimizer = fresh_optimizer(torch.optim.Adam, 1e-3, state)
    return dict(state_dict=state, optimizer=optimizer, epoch=0)


PRINCETON = Layout(
    name="princeton",
    tops=frozenset({"pre", "hgs", "features", "outs", "merge_features", "merge_preds"}),
    prefix="model.module.",
    stem_channels=(64, 128, 128),
    mean=(0.0, 0.0, 0.0),
    counts=counts,
    modules=modules,
    skips_everywhere=True,
    checkpoint=checkpoint,
)
