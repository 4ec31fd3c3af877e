"""One hourglass: down to the lowest resolution and up again, with a skip at every scale.

Shape shorthand in this module: N images, C channels, H x W px.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from mmhg.nn.residual import Norm, residuals


class Hourglass(nn.Module):
    """Hourglass module (the paper's Figure 3), defined by recursion.

    Where a side is odd, max-pooling leaves out its last pixel, and the lower resolution's map is
    enlarged to the size of the skip.

    Args:
        depth: Number of times the resolution is halved; the paper has 4.
        channels: Width of every layer, C.
        num_blocks: Residual modules at each place; the paper has 1.
        norm: Makes the norm layers.
    """

    def __init__(
        self,
        *,
        depth: int = 4,
        channels: int = 256,
        num_blocks: int = 1,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.skip = residuals(channels, num_blocks, norm=norm)
        self.down = nn.Sequential(nn.MaxPool2d(2), *residuals(channels, num_blocks, norm=norm))
        self.inner: nn.Module = (
            Hourglass(depth=depth - 1, channels=channels, num_blocks=num_blocks, norm=norm)
            if depth > 1
            else residuals(channels, num_blocks, norm=norm)
        )
        self.up = residuals(channels, num_blocks, norm=norm)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H, W); H and W are at least 2 ** depth."""
        skip = self.skip(x)
        return skip.add_(self._top_down(self.inner(self.down(x)), skip.shape[-2:]))

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """Return the top-down features of every scale, finest first.

        The first is (N, C, H, W); each further one has half the sides, rounded down.
        """
        down = self.down(x)
        inner = (
            self.inner.pyramid(down) if isinstance(self.inner, Hourglass) else [self.inner(down)]
        )
        return [self.skip(x) + self._top_down(inner[0], x.shape[-2:]), *inner]

    def _top_down(self, inner: Tensor, size: Sequence[int]) -> Tensor:
        """Enlarge the lower resolution's map (N, C, h, w) to `size`, height and width."""
        up: Tensor = self.up(inner)
        height, width = up.shape[-2:]
        if (2 * height, 2 * width) == tuple(size):
            return self.upsample(up)
        return functional.interpolate(up, size=tuple(size), mode=self.upsample.mode)
