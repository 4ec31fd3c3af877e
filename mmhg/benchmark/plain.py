"""Run the stacked hourglass plainly, as published PyTorch versions do. This is the baseline.

It is eager, in float32 and NCHW, returns the heatmaps of every stack, and fuses nothing. It is
written from the paper alone and uses nothing of `mmhg.models`, so that no layout or shortcut of
ours can speed up the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional


class Bottleneck(nn.Module):
    """Apply BN-ReLU-1x1, BN-ReLU-3x3, BN-ReLU-1x1, and add the input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, half, 1)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, outputs, 1)
        self.project = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(functional.relu(self.bn1(x), inplace=True))
        out = self.conv2(functional.relu(self.bn2(out), inplace=True))
        out = self.conv3(functional.relu(self.bn3(out), inplace=True))
        return out + (x if self.project is None else self.project(x))


class PlainHourglass(nn.Module):
    """Build the paper's network with the weights of one of ours.

    Args:
        state: State dict of `HourglassBackbone(output='heatmaps')` with `num_blocks=1`, or of a
            model that contains it (keys with `backbone.`).
    """

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        state = {
            key.removeprefix("backbone."): value
            for key, value in state.items()
            if key.startswith(("backbone.stem", "backbone.stacks", "stem", "stacks"))
        }
        self.num_stacks = 1 + max(int(key.split(".")[1]) for key in state if key[:6] == "stacks")
        self.depth = max(key.count("inner.") for key in state)
        blocks: dict[str, nn.Module] = {}
        for key in state:
            if key.endswith(".residual.2.weight"):
                name = key.removesuffix(".residual.2.weight")
                inputs = state[key].shape[1]
                blocks[name] = Bottleneck(inputs, state[f"{name}.residual.8.weight"].shape[0])
        self.layers = nn.ModuleDict({_plain(name): block for name, block in blocks.items()})
        for key, value in state.items():
            name, kind = key.rsplit(".", 1)
            inside = any(name.startswith(f"{block}.") for block in blocks)
            if kind != "weight" or inside:
                continue
            self.layers[_plain(name)] = _layer(value, first=name == "stem.0")
        self.load_state_dict({_renamed(key, blocks): value for key, value in state.items()})

    def forward(self, images: Tensor) -> list[Tensor]:
        """Predict heatmaps (N, K, H / 4, W / 4) of every stack from images (N, 3, H, W)."""
        x = functional.relu(self._layer("stem.1", self._layer("stem.0", images)), inplace=True)
        x = functional.max_pool2d(self._layer("stem.3", x), 2)
        x = self._layer("stem.6", self._layer("stem.5", x))
        outputs = []
        for i in range(self.num_stacks):
            stack = f"stacks.{i}"
            y = self._layer(f"{stack}.features.0", self._hourglass(f"{stack}.hourglass", x, 1))
            y = self._layer(f"{stack}.features.1", y)
            y = functional.relu(self._layer(f"{stack}.features.2", y), inplace=True)
            heatmaps = self._layer(f"{stack}.prediction", y)
            outputs.append(heatmaps)
            if i < self.num_stacks - 1:
                again = self._layer(f"{stack}.reinject_heatmaps", heatmaps)
                x = x + self._layer(f"{stack}.reinject_features", y) + again
        return outputs

    def _hourglass(self, name: str, x: Tensor, level: int) -> Tensor:
        skip = self._layer(f"{name}.skip.0", x)
        y = self._layer(f"{name}.down.1", functional.max_pool2d(x, 2))
        if level < self.depth:
            y = self._hourglass(f"{name}.inner", y, level + 1)
        else:
            y = self._layer(f"{name}.inner.0", y)
        y = self._layer(f"{name}.up.0", y)
        return skip + functional.interpolate(y, scale_factor=2)

    def _layer(self, name: str, x: Tensor) -> Tensor:
        result: Tensor = self.layers[_plain(name)](x)
        return result


def _layer(weight: Tensor, *, first: bool) -> nn.Module:
    """Make the layer that a weight outside the residuals belongs to."""
    if weight.ndim == 1:
        return nn.BatchNorm2d(len(weight))
    outputs, inputs, kernel, _ = weight.shape
    stride, padding = (2, 3) if first else (1, 0)
    return nn.Conv2d(inputs, outputs, kernel, stride, padding)


_PARTS = {
    "0": "bn1",
    "2": "conv1",
    "3": "bn2",
    "5": "conv2",
    "6": "bn3",
    "8": "conv3",
}
"""Our names of the layers of a residual's `Sequential`, and the plain names."""


def _plain(name: str) -> str:
    """Return a key for `ModuleDict`, which allows no dots."""
    return name.replace(".", "-")


def _renamed(key: str, blocks: Mapping[str, nn.Module]) -> str:
    """Return the plain network's key for one of our keys."""
    name, kind = key.rsplit(".", 1)
    for block in blocks:
        if name == f"{block}.skip":
            return f"layers.{_plain(block)}.project.{kind}"
        if name.startswith(f"{block}.residual."):
            return f"layers.{_plain(block)}.{_PARTS[name.rsplit('.', 1)[1]]}.{kind}"
    return f"layers.{_plain(name)}.{kind}"


@torch.no_grad()
def randomize_statistics(model: nn.Module, seed: int = 0) -> None:
    """Draw batch norms' statistics and weights like a trained network's, for fused forms."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            module.weight.uniform_(0.5, 1.5, generator=generator)
            module.bias.normal_(0, 0.1, generator=generator)
