"""The pre-activation bottleneck of which the whole network is made.

Shape shorthand in this module: N images, C channels, H x W px.
"""

from mmcv.cnn import build_norm_layer
from mmengine.config import ConfigDict
from torch import Tensor, nn


def norm_relu(channels: int, norm_cfg: ConfigDict | dict) -> list[nn.Module]:
    """The layers BN - ReLU that precede each convolution of a residual."""
    return [build_norm_layer(norm_cfg, channels)[1], nn.ReLU(inplace=True)]


class Residual(nn.Module):
    """Residual module: BN-ReLU-1x1, BN-ReLU-3x3, BN-ReLU-1x1, and a skip (the paper's Figure 4).

    Every convolution has a bias, as in the authors' ``Residual.lua``; mmcv's ``ConvModule`` would
    drop it beside a norm and initialise otherwise, so plain convolutions stand here.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; the bottleneck has half as many. Must be even.
        norm_cfg: Config of the norm layers.
    """

    def __init__(self, in_channels: int, out_channels: int, *, norm_cfg: ConfigDict | dict) -> None:
        super().__init__()
        if out_channels % 2:
            raise ValueError(
                f"a residual's channels must be even to halve in the bottleneck, got {out_channels}"
            )
        width = out_channels // 2
        self.residual = nn.Sequential(
            *norm_relu(in_channels, norm_cfg),
            nn.Conv2d(in_channels, width, 1),
            *norm_relu(width, norm_cfg),
            nn.Conv2d(width, width, 3, padding=1),
            *norm_relu(width, norm_cfg),
            nn.Conv2d(width, out_channels, 1),
        )
        self.skip: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.skip = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        # In place of the last convolution's output, which nothing else needs: a tensor less.
        return self.residual(x).add_(self.skip(x))


def residuals(channels: int, num_blocks: int, *, norm_cfg: ConfigDict | dict) -> nn.Sequential:
    """``num_blocks`` residual modules one after the other, all of one width."""
    return nn.Sequential(
        *(Residual(channels, channels, norm_cfg=norm_cfg) for _ in range(num_blocks))
    )
