"""Keys of bearpaw/pytorch-pose, which anibali/pytorch-stacked-hourglass shares.

Both are under the GPL. These are the names in their files, none of their code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import torch
from torch import Tensor

from mmhg.checkpoints.layout import Counts, Layout, fresh_optimizer
from mmhg.checkpoints.structure import count_distinct

RESIDUAL = {
    "residual.0": "bn1",
    "residual.2": "conv1",
    "residual.3": "bn2",
    "residual.5": "conv2",
    "residual.6": "bn3",
    "residual.8": "conv3",
    "skip": "downsample.0",
}


def counts(names: Collection[str]) -> Counts:
    """Count stacks, depth and residuals at each place."""
    return Counts(
        num_stacks=count_distinct(r"(?:hg|res|fc|score)\.(\d+)\.", names),
        depth=count_distinct(r"hg\.0\.hg\.(\d+)\.", names),
        num_blocks=count_distinct(r"hg\.0\.hg\.0\.0\.(\d+)\.", names),
    )


def modules(size: Counts) -> dict[str, str]:
    """Map our name of every convolution and batch norm to theirs."""
    names = dict(_layers(size))
    for ours, theirs in _residuals(size):
        names |= {f"{ours}.{part}": f"{theirs}.{name}" for part, name in RESIDUAL.items()}
    return names


def _residuals(size: Counts) -> Iterator[tuple[str, str]]:
    yield from (("stem.3", "layer1.0"), ("stem.5", "layer2.0"), ("stem.6", "layer3.0"))
    for stack in range(size.num_stacks):
        for block in range(size.num_blocks):
            ours = f"stacks.{stack}.hourglass"
            for level in reversed(range(size.depth)):  # 0 is the innermost
                theirs = f"hg.{stack}.hg.{level}"
                yield f"{ours}.skip.{block}", f"{theirs}.0.{block}"
                yield f"{ours}.down.{block + 1}", f"{theirs}.1.{block}"
                yield f"{ours}.up.{block}", f"{theirs}.2.{block}"
                ours = f"{ours}.inner"
            yield f"{ours}.{block}", f"hg.{stack}.hg.0.3.{block}"
            yield f"stacks.{stack}.features.{block}", f"res.{stack}.{block}"


def _layers(size: Counts) -> Iterator[tuple[str, str]]:
    yield from (("stem.0", "conv1"), ("stem.1", "bn1"))
    for stack in range(size.num_stacks):
        yield f"stacks.{stack}.features.{size.num_blocks}", f"fc.{stack}.0"
        yield f"stacks.{stack}.features.{size.num_blocks + 1}", f"fc.{stack}.1"
        yield f"stacks.{stack}.prediction", f"score.{stack}"
        if stack < size.num_stacks - 1:
            yield f"stacks.{stack}.reinject_features", f"fc_.{stack}"
            yield f"stacks.{stack}.reinject_heatmaps", f"score_.{stack}"


def checkpoint(state: dict[str, Tensor]) -> dict[str, Any]:
    """Wrap a state dict as its main.py saves and loads it; its optimizer has made no step."""
    optimizer = fresh_optimizer(torch.optim.RMSprop, 2.5e-4, state)
    return dict(epoch=0, arch="hg", state_dict=state, best_acc=0.0, optimizer=optimizer)


BEARPAW = Layout(
    name="bearpaw",
    tops=frozenset(
        {"conv1", "bn1", "layer1", "layer2", "layer3", "hg", "res", "fc", "score", "fc_", "score_"}
    ),
    prefix="module.",
    stem_channels=(64, 128, 256),
    mean=(0.4404, 0.4440, 0.4327),
    counts=counts,
    modules=modules,
    skips_everywhere=False,
    checkpoint=checkpoint,
)
