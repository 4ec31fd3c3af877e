"""The stacked hourglass network.

Shape shorthand in this module: N images, C channels, K keypoints, H x W px of the input image.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import torch
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.nn.activation_checkpointing import checkpoint_module
from mmhg.nn.residual import Norm
from mmhg.nn.stack import PyramidStack, Stack, Stem

Output = Literal["heatmaps", "features", "pyramid"]
Network = TypeVar("Network", bound="StackedHourglass")

STEM_STRIDE = 4


class StackedHourglass(nn.Module):
    """Stacked Hourglass network (Newell, Yang, Deng, "Stacked Hourglass Networks for Human Pose
    Estimation", ECCV 2016), after the authors' `hg.lua`.

    The loop over the stacks is here, because each stack's heatmaps feed the next one. Nothing is
    built that would get no gradient from the chosen `output`.

    Args:
        num_stacks: Hourglasses one after the other; the paper has 8.
        num_keypoints: Heatmaps that every stack predicts and re-injects, K. None re-injects the
            features alone.
        in_channels: Channels of the image: 3 for RGB, 1 for gray.
        channels: Width of the network, C; the paper has 256. Must be even.
        depth: Number of times each hourglass halves the resolution; the paper has 4 (64 to 4 px).
        num_blocks: Residual modules at each place of the hourglass; the paper has 1.
        stem_channels: Widths of the stem's 7x7 convolution and of the two residuals after it.
        output: What `forward` returns:

            - `'heatmaps'`: (N, K, H / 4, W / 4) of every stack;
            - `'features'`: (N, C, H / 4, W / 4) of every stack;
            - `'pyramid'`: the last hourglass's top-down features, depth + 1 maps of C channels,
              finest first, as a feature pyramid network gives them. The first has sides H / 4 and
              W / 4, each further one half of that, rounded down: 72, 36, 18, 9, 4 px for 288.
        norm: Makes the norm layer for a number of channels. BatchNorm2d's defaults, eps 1e-5 and
            momentum 0.1, are the paper's.
        with_cp: Checkpoint the stem and each stack: less memory, more time, the same gradients
            and the same batch norm statistics.

    Attributes:
        input_mean: Mean of RGB in [0, 1] that a checkpoint's network expects to be subtracted. The
            paper's is 0. `from_checkpoint` sets it, but `forward` does not apply it.

    Raises:
        InputError: An argument does not fit; the message names it.
    """

    input_mean: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __init__(
        self,
        *,
        num_stacks: int = 8,
        num_keypoints: int | None = 16,
        in_channels: int = 3,
        channels: int = 256,
        depth: int = 4,
        num_blocks: int = 1,
        stem_channels: Sequence[int] = (64, 128, 128),
        output: Output = "heatmaps",
        norm: Norm = nn.BatchNorm2d,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        for name, value in {
            "num_stacks": num_stacks,
            "num_keypoints": 1 if num_keypoints is None else num_keypoints,
            "in_channels": in_channels,
            "channels": channels,
            "depth": depth,
            "num_blocks": num_blocks,
        }.items():
            if not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be a whole number from 1, got {value!r}")
        if output not in get_args(Output):
            raise InputError(f"output must be one of {get_args(Output)}, got {output!r}")
        if output == "heatmaps" and num_keypoints is None:
            raise InputError(
                "output='heatmaps' needs num_keypoints, got None. Give the number of keypoints, "
                "or take output='features'"
            )
        widths = stem_channels if isinstance(stem_channels, list | tuple) else ()
        if len(widths) != 3 or not all(isinstance(one, int) and one > 0 for one in widths):
            raise InputError(
                f"stem_channels must be three widths, such as (64, 128, 128), got {stem_channels!r}"
            )
        self.num_stacks = num_stacks
        self.num_keypoints = num_keypoints
        self.in_channels = in_channels
        self.channels = channels
        self.depth = depth
        self.output = output
        self.with_cp = with_cp

        hourglass: dict[str, Any] = dict(
            channels=channels, depth=depth, num_blocks=num_blocks, norm=norm
        )
        self.stem = Stem(
            in_channels=in_channels, channels=channels, stem_channels=stem_channels, norm=norm
        )
        self.stacks = nn.ModuleList(
            Stack(num_keypoints=num_keypoints, reinjects=True, **hourglass)
            for _ in range(num_stacks - 1)
        )
        if output == "pyramid":
            self.stacks.append(PyramidStack(**hourglass))
        else:
            last = num_keypoints if output == "heatmaps" else None
            self.stacks.append(Stack(num_keypoints=last, reinjects=False, **hourglass))

    @classmethod
    def from_checkpoint(
        cls: type[Network],
        path: str | Path,
        *,
        source: str = "auto",
        in_channels: int | None = None,
        adapt_stem: bool = False,
        **settings: Any,
    ) -> Network:
        """Build the network of a checkpoint, with its weights, in evaluation mode.

        Args:
            path: One of our files, or one in a published layout. No code in it is run.
            source: One of `mmhg.checkpoints.SOURCES`, or 'auto' to recognize it by its content.
            in_channels: Channels of the images; None takes the checkpoint's.
            adapt_stem: Allow another `in_channels` than the checkpoint's. Each new channel gets
                the same filters: the sum over the old ones, divided by the number of new ones. An
                image whose channels are all equal then keeps its heatmaps.
            **settings: Further arguments of the class, such as `with_cp`.

        Raises:
            InputError: The file cannot be read, or its stem has another width.

        Warns:
            UserWarning: The file does not say the mean of the images that it was trained on.
        """
        from mmhg.checkpoints import read_network
        from mmhg.checkpoints.stem import FILTERS, spread_over_channels

        if in_channels is not None and in_channels < 1:
            raise InputError(f"in_channels must be at least 1, got {in_channels}")
        found = read_network(Path(path), source)
        state = {name.removeprefix("backbone."): value for name, value in found.state.items()}
        filters = state[FILTERS]
        known = filters.shape[1]
        if in_channels not in (None, known):
            if not adapt_stem:
                raise InputError(
                    f"{path}: its stem takes images of {known} channels, in_channels is "
                    f"{in_channels}. Leave in_channels out, or set adapt_stem=True"
                )
            state[FILTERS] = spread_over_channels(filters, in_channels)
        structure = {**found.structure.settings(), "in_channels": in_channels or known}
        if given := sorted(structure.keys() & settings.keys()):
            raise InputError(f"{path} says {', '.join(given)} itself. Leave that out")
        network = cls(**structure, **settings)
        wanted = network.state_dict()  # another output has no use for the last heatmaps
        network.load_state_dict({name: state[name] for name in wanted})
        red, green, blue = (value / 255 for value in found.mean)
        network.input_mean = (red, green, blue)
        network.eval()
        for note in found.notes:
            warnings.warn(f"{path}: {note}", stacklevel=2)
        return network

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run all stacks.

        Args:
            x: Images (N, in_channels, H, W); H and W are multiples of 4 and at least
                4 x 2^depth px.

        Returns:
            One tensor per stack ('heatmaps', 'features'), or depth + 1 tensors ('pyramid').

        Raises:
            InputError: The images' size or number of channels does not fit the network.
        """
        self.check_input(x)
        x = self._run(self.stem, x)
        outputs = []
        for stack in self.stacks[:-1]:
            features, heatmaps, x = self._run(stack, x)
            outputs.append(heatmaps if self.output == "heatmaps" else features)
        last = self._run(self.stacks[-1], x)
        if self.output == "pyramid":
            return tuple(last)
        outputs.append(last.heatmaps if self.output == "heatmaps" else last.features)
        return tuple(outputs)

    def check_input(self, x: Tensor) -> None:
        """Raise an InputError that says what would work if images (N, in_channels, H, W) do not."""
        channels, *sides = x.shape[-3:]
        if channels != self.in_channels:
            raise InputError(
                f"the images have {channels} channels, the network's in_channels is "
                f"{self.in_channels}. Set it to the images' number of channels"
            )
        smallest = STEM_STRIDE * 2**self.depth
        for side, size in zip(("height", "width"), sides, strict=True):
            if size < smallest or size % STEM_STRIDE:
                below = size // STEM_STRIDE * STEM_STRIDE
                near = f"{below} and {below + STEM_STRIDE}" if size > smallest else f"{smallest}"
                raise InputError(
                    f"the input's {side} is {size} px. Both sides must be multiples of "
                    f"{STEM_STRIDE} px and at least {smallest} px, so {near} would work"
                )

    def _run(self, module: nn.Module, x: Tensor) -> Any:
        if self.with_cp and self.training and torch.is_grad_enabled():
            return checkpoint_module(module, x)
        return module(x)
