"""The stacked hourglass network.

Shape shorthand in this module: N images, C channels, K keypoints, H x W px of the input image.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import torch
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.nn.activation_checkpointing import checkpoint_module
from mmhg.nn.residual import Norm
from mmhg.nn.stack import MidwayOutput, MidwayStack, PyramidStack, Stack, StackOutput, Stem

Output = Literal["heatmaps", "features", "pyramid"]
Supervision = Literal["stacks", "last", "midway"]
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
        supervision: Where `output='heatmaps'` predicts, and so where the head computes a loss:

            - `'stacks'`: after every stack, the paper's intermediate supervision;
            - `'last'`: after the last stack alone, without intermediate supervision;
            - `'midway'`: before the last two upsamplings of every hourglass, the paper's placement
              for a single one, and after the last stack. `MidwayStack` says how.

            With the last two, nothing but features passes from stack to stack.
        reinject_heatmaps: Re-inject the heatmaps after every stack, as the paper does; False
            re-injects the features alone, while the heatmaps are still predicted.
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
        supervision: Supervision = "stacks",
        reinject_heatmaps: bool = True,
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
        self._check_supervision(supervision, reinject_heatmaps, output, depth)
        self.num_stacks = num_stacks
        self.num_keypoints = num_keypoints
        self.in_channels = in_channels
        self.channels = channels
        self.depth = depth
        self.output = output
        self.supervision = supervision
        self.with_cp = with_cp

        hourglass: dict[str, Any] = dict(
            channels=channels, depth=depth, num_blocks=num_blocks, norm=norm
        )
        self.stem = Stem(
            in_channels=in_channels, channels=channels, stem_channels=stem_channels, norm=norm
        )
        stack: Callable[..., Stack] = partial(Stack, **hourglass)
        if supervision == "midway" and num_keypoints is not None:
            stack = partial(MidwayStack, midway_keypoints=num_keypoints, **hourglass)
        between = num_keypoints if supervision == "stacks" else None
        self.stacks = nn.ModuleList(
            stack(num_keypoints=between, reinjects=True, reinject_heatmaps=reinject_heatmaps)
            for _ in range(num_stacks - 1)
        )
        if output == "pyramid":
            self.stacks.append(PyramidStack(**hourglass))
        else:
            last = num_keypoints if output == "heatmaps" else None
            self.stacks.append(stack(num_keypoints=last, reinjects=False))

    @staticmethod
    def _check_supervision(
        supervision: str, reinject_heatmaps: bool, output: str, depth: int
    ) -> None:
        """Refuse combinations in which a setting has no effect, or a layer no gradient."""
        if supervision not in get_args(Supervision):
            raise InputError(
                f"supervision must be one of {get_args(Supervision)}, got {supervision!r}"
            )
        if output != "heatmaps" and (supervision != "stacks" or not reinject_heatmaps):
            raise InputError(
                f"supervision={supervision!r} and reinject_heatmaps={reinject_heatmaps} are for "
                f"output='heatmaps', got {output!r}. Leave them out; num_keypoints=None re-injects "
                "the features alone"
            )
        if supervision != "stacks" and not reinject_heatmaps:
            raise InputError(
                f"supervision={supervision!r} has no heatmaps between the stacks. Leave out "
                "reinject_heatmaps=False"
            )
        if supervision == "midway" and depth < 3:
            raise InputError(
                f"supervision='midway' needs a depth of at least 3, so that an upsampling precedes "
                f"the last two, got {depth}"
            )

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
            One tensor per stack ('heatmaps', 'features'), or depth + 1 tensors ('pyramid'). With
            `supervision='last'` one tensor alone, with `'midway'` two per stack and the last.

        Raises:
            InputError: The images' size or number of channels does not fit the network.
        """
        self.check_input(x)
        x = self._run(self.stem, x)
        outputs: list[Tensor] = []
        for stack in self.stacks[:-1]:
            output = self._run(stack, x)
            outputs += self._predictions(output)
            x = output.next_input
        last = self._run(self.stacks[-1], x)
        if self.output == "pyramid":
            return tuple(last)
        return (*outputs, *self._predictions(last))

    def forward_cut(self, x: Tensor, cut_every: int = 1) -> Iterator[tuple[Tensor, ...]]:
        """Run all stacks, with the graph cut after every `cut_every` of them.

        The cut lies before re-injection: the stack's input, its features and its heatmaps are
        detached. The layers that re-inject belong to what follows, and the stem to the first stack,
        so that each parameter gets a gradient from one group of stacks. Go backward from the loss
        of a group before you take the next one: then only one group's activations are alive.
        `local_backward` does so.

        With `with_cp`, the stem and the stacks of a group are checkpointed, except its last stack,
        whose backward pass comes next.

        Args:
            x: As in `forward`.
            cut_every: Stacks in a group; the last group has what is left.

        Yields:
            The outputs of each group of stacks, which together are those of `forward`.

        Raises:
            InputError: As `forward`, or there is not an output after every stack.
        """
        self.check_cut(cut_every)
        self.check_input(x)
        x = self._run(self.stem, x)
        outputs: list[Tensor] = []
        for number, stack in enumerate(self.stacks, start=1):
            if number % cut_every and number < self.num_stacks:
                output = self._run(stack, x)
                outputs += self._predictions(output)
                x = output.next_input
                continue
            assert isinstance(stack, Stack)
            features, heatmaps = stack.predict(x)
            outputs += self._predictions(StackOutput(features, heatmaps, None))
            yield tuple(outputs)
            outputs.clear()
            if number < self.num_stacks:
                x, features = x.detach(), features.detach()
                heatmaps = None if heatmaps is None else heatmaps.detach()
                x = stack.reinject(x, features, heatmaps)

    def _predictions(self, output: StackOutput | MidwayOutput) -> list[Tensor]:
        """List what the network returns of a stack's outputs."""
        if self.output == "features":
            return [output.features]
        midway = output.midway if isinstance(output, MidwayOutput) else ()
        return [*midway, *([] if output.heatmaps is None else [output.heatmaps])]

    def check_cut(self, cut_every: int) -> None:
        """Raise an InputError if the graph cannot be cut after every `cut_every` stacks."""
        if not isinstance(cut_every, int) or cut_every < 1:
            raise InputError(f"cut_every must be a whole number from 1, got {cut_every!r}")
        has, needs = f"output={self.output!r}", ""
        if self.output == "features" and self.num_keypoints is not None:
            # Nothing but the next stack learns from those heatmaps.
            has, needs = f"{has}, num_keypoints={self.num_keypoints}", "num_keypoints=None"
        elif self.output == "pyramid":
            needs = "output='heatmaps'"
        elif self.supervision != "stacks":
            has, needs = f"supervision={self.supervision!r}", "supervision='stacks'"
        if needs:
            raise InputError(
                "local supervision takes a loss of every stack's outputs, which all of its layers "
                f"learn from. The network has {has}: set {needs}"
            )

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
