"""One hourglass: down to the lowest resolution and up again, with a skip at every scale.

Shape shorthand in this module: N images, C channels, H x W px.
"""

from mmengine.config import ConfigDict
from torch import Tensor, nn

from mmhg.nn.residual import residuals


class Hourglass(nn.Module):
    """Hourglass module (the paper's Figure 3), defined by recursion.

    Args:
        depth: How often the resolution is halved; the paper has 4.
        channels: Width of every layer, C.
        num_blocks: Residual modules at each place; the paper has 1.
        norm_cfg: Config of the norm layers.
    """

    def __init__(
        self, *, depth: int, channels: int, num_blocks: int, norm_cfg: ConfigDict | dict
    ) -> None:
        super().__init__()
        self.skip = residuals(channels, num_blocks, norm_cfg=norm_cfg)
        self.down = nn.Sequential(
            nn.MaxPool2d(2), *residuals(channels, num_blocks, norm_cfg=norm_cfg)
        )
        self.inner: nn.Module = (
            Hourglass(depth=depth - 1, channels=channels, num_blocks=num_blocks, norm_cfg=norm_cfg)
            if depth > 1
            else residuals(channels, num_blocks, norm_cfg=norm_cfg)
        )
        self.up = nn.Sequential(
            *residuals(channels, num_blocks, norm_cfg=norm_cfg),
            nn.Upsample(scale_factor=2, mode="nearest"),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H, W); H and W are multiples of 2 ** depth."""
        return self.skip(x).add_(self.up(self.inner(self.down(x))))

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """The top-down features of every scale, finest first: (N, C, H / 2^i, W / 2^i)."""
        down = self.down(x)
        inner = (
            self.inner.pyramid(down) if isinstance(self.inner, Hourglass) else [self.inner(down)]
        )
        return [self.skip(x) + self.up(inner[0]), *inner]
