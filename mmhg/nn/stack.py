"""The stem, and one stack: hourglass, features, heatmaps and re-injection.

Shape shorthand in this module: N images, C channels, K keypoints, H x W px of the input image.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from mmhg.nn.hourglass import Hourglass
from mmhg.nn.residual import Norm, Residual, residuals


class Stem(nn.Sequential):
    """Layers from the image (N, in_channels, H, W) to the first stack's input.

    That is of shape (N, C, H / 4, W / 4).

    Args:
        in_channels: Channels of the image.
        channels: Width of the output, C.
        stem_channels: Widths of the 7x7 convolution and of the two residuals after it. The paper
            has (64, 128, 128), bearpaw's and anibali's models (64, 128, 256).
        norm: Makes the norm layers.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        channels: int = 256,
        stem_channels: Sequence[int] = (64, 128, 128),
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        first, second, third = stem_channels
        super().__init__(
            nn.Conv2d(in_channels, first, 7, stride=2, padding=3),
            norm(first),
            nn.ReLU(inplace=True),
            Residual(first, second, norm=norm),
            nn.MaxPool2d(2),
            Residual(second, third, norm=norm),
            Residual(third, channels, norm=norm),
        )


class StackOutput(NamedTuple):
    """The three outputs of one stack.

    Attributes:
        features: (N, C, H / 4, W / 4).
        heatmaps: (N, K, H / 4, W / 4), or None without a prediction.
        next_input: (N, C, H / 4, W / 4), or None where nothing is re-injected.
    """

    features: Tensor
    heatmaps: Tensor | None
    next_input: Tensor | None


class Stack(nn.Module):
    """An hourglass, its features, their heatmaps, and the re-injection of both (Figure 4, right).

    Args:
        channels: Width of every layer, C.
        depth: Depth of the hourglass.
        num_blocks: Residual modules at each place.
        num_keypoints: Heatmaps to predict, K; None predicts none.
        reinjects: Re-inject features and heatmaps, for a further stack that follows.
        reinject_heatmaps: Re-inject the heatmaps too, not the features alone.
        norm: Makes the norm layers.
    """

    def __init__(
        self,
        *,
        channels: int = 256,
        depth: int = 4,
        num_blocks: int = 1,
        num_keypoints: int | None = 16,
        reinjects: bool = True,
        reinject_heatmaps: bool = True,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.hourglass = Hourglass(depth=depth, channels=channels, num_blocks=num_blocks, norm=norm)
        self.features = nn.Sequential(
            *residuals(channels, num_blocks, norm=norm),
            nn.Conv2d(channels, channels, 1),
            norm(channels),
            nn.ReLU(inplace=True),
        )
        self.prediction = nn.Conv2d(channels, num_keypoints, 1) if num_keypoints else None
        self.reinject_features = nn.Conv2d(channels, channels, 1) if reinjects else None
        self.reinject_heatmaps = (
            nn.Conv2d(num_keypoints, channels, 1)
            if reinjects and reinject_heatmaps and num_keypoints
            else None
        )

    def forward(self, x: Tensor) -> StackOutput:
        """Map this stack's input (N, C, H / 4, W / 4) to its outputs and the next one's input."""
        features, heatmaps = self.predict(x)
        if self.reinject_features is None:
            return StackOutput(features, heatmaps, None)
        return StackOutput(features, heatmaps, self.reinject(x, features, heatmaps))

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map this stack's input (N, C, H / 4, W / 4) to its features and heatmaps."""
        features = self.features(self.hourglass(x))
        return features, None if self.prediction is None else self.prediction(features)

    def reinject(self, x: Tensor, features: Tensor, heatmaps: Tensor | None) -> Tensor:
        """Add features and heatmaps to this stack's input `x`: the next stack's input.

        Only a stack that re-injects has the layers for it.
        """
        assert self.reinject_features is not None
        next_input = x + self.reinject_features(features)
        if self.reinject_heatmaps is not None:
            next_input = next_input + self.reinject_heatmaps(heatmaps)
        return next_input


class MidwayOutput(NamedTuple):
    """The outputs of a `MidwayStack`.

    Attributes:
        features: As in `StackOutput`.
        heatmaps: As in `StackOutput`.
        next_input: As in `StackOutput`.
        midway: Heatmaps from within the hourglass, coarsest first, each (N, K, H / 4, W / 4).
    """

    features: Tensor
    heatmaps: Tensor | None
    next_input: Tensor | None
    midway: tuple[Tensor, ...]


class MidwayStack(Stack):
    """A stack that predicts within its hourglass: before each of its last two upsamplings.

    These are the paper's places for intermediate supervision in a single hourglass (section 4.1).
    A 1x1 convolution predicts heatmaps from what is there, at a quarter and at half of the
    hourglass's resolution. They are enlarged to its full resolution, bilinearly, so that all
    predictions have the same targets, and are not re-injected.

    Args:
        midway_keypoints: Heatmaps to predict at each of the two places, K.
        channels: As in `Stack`.
        **settings: Further arguments of `Stack`.
    """

    def __init__(self, *, midway_keypoints: int, channels: int = 256, **settings: Any) -> None:
        super().__init__(channels=channels, **settings)
        self.midway = nn.ModuleList(nn.Conv2d(channels, midway_keypoints, 1) for _ in range(2))

    def forward(self, x: Tensor) -> MidwayOutput:  # type: ignore[override]
        """Map this stack's input (N, C, H / 4, W / 4) to its outputs and the next one's input."""
        fine, half, quarter, *_ = self.hourglass.pyramid(x)
        features = self.features(fine)
        heatmaps = None if self.prediction is None else self.prediction(features)
        size = fine.shape[-2:]
        midway = tuple(
            functional.interpolate(predict(level), size, mode="bilinear", align_corners=False)
            for predict, level in zip(self.midway, (quarter, half), strict=False)
        )
        next_input = None
        if self.reinject_features is not None:
            next_input = self.reinject(x, features, heatmaps)
        return MidwayOutput(features, heatmaps, next_input, midway)


class PyramidStack(nn.Module):
    """A last stack that is only its hourglass and returns the features of every scale.

    Args:
        **settings: Arguments of `Hourglass`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.hourglass = Hourglass(**settings)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N, C, H / 4, W / 4) to depth + 1 maps, the first of that size.

        Each further one has half the sides, rounded down.
        """
        return self.hourglass.pyramid(x)
