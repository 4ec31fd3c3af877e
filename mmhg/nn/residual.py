"""The pre-activation residual module, of which the whole network is made.

Shape shorthand in this module: N images, C channels, H x W px.
"""

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor, nn

from mmhg.errors import InputError

Norm: TypeAlias = Callable[[int], nn.Module]
"""Makes the norm layer for a number of channels, such as `nn.BatchNorm2d`."""


def norm_relu(channels: int, norm: Norm) -> list[nn.Module]:
    """Return the layers BN - ReLU that precede each convolution of a residual."""
    return [norm(channels), nn.ReLU(inplace=True)]


class Residual(nn.Module):
    """Residual module: BN-ReLU-1x1, BN-ReLU-3x3, BN-ReLU-1x1, and a skip (the paper's Figure 4).

    Every convolution has a bias and PyTorch's initialization, as in the authors' `Residual.lua`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; the bottleneck has half as many. Must be even.
        norm: Makes the norm layers; BatchNorm2d's defaults, eps 1e-5 and momentum 0.1, are the
            paper's.

    Raises:
        InputError: `out_channels` is odd.
    """

    def __init__(self, in_channels: int, out_channels: int, *, norm: Norm = nn.BatchNorm2d) -> None:
        super().__init__()
        if out_channels % 2:
            raise InputError(
                f"a residual's channels must be even to halve in the bottleneck, got {out_channels}"
            )
        width = out_channels // 2
        self.residual = nn.Sequential(
            *norm_relu(in_channels, norm),
            nn.Conv2d(in_channels, width, 1),
            *norm_relu(width, norm),
            nn.Conv2d(width, width, 3, padding=1),
            *norm_relu(width, norm),
            nn.Conv2d(width, out_channels, 1),
        )
        self.skip: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.skip = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        # In place: nothing else needs the last convolution's output. It saves one tensor.
        return self.residual(x).add_(self.skip(x))


def residuals(channels: int, num_blocks: int, *, norm: Norm = nn.BatchNorm2d) -> nn.Sequential:
    """Chain `num_blocks` residual modules, all of one width."""
    return nn.Sequential(*(Residual(channels, channels, norm=norm) for _ in range(num_blocks)))
