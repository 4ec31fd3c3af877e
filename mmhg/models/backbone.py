"""The stacked hourglass network as a backbone of MMPose.

Shape shorthand in this module: N images, C channels, K keypoints, H x W px of the input image.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from mmengine.config import ConfigDict
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmhg.errors import InputError
from mmhg.nn.activation_checkpointing import checkpoint_module
from mmhg.nn.stack import PyramidStack, Stack, Stem

Output = Literal["heatmaps", "features", "pyramid"]

STEM_STRIDE = 4


@MODELS.register_module()
class HourglassBackbone(BaseBackbone):
    """Stacked Hourglass network (Newell, Yang, Deng, "Stacked Hourglass Networks for Human Pose
    Estimation", ECCV 2016), after the authors' ``hg.lua``.

    The loop over the stacks lives here, since each stack's heatmaps feed the next one. What is
    handed out is selectable, and nothing is built that would get no gradient from it.

    Args:
        num_stacks: Hourglasses one after the other; the paper has 8.
        depth: How often each hourglass halves the resolution; the paper has 4 (64 to 4 px).
        channels: Width of the network, C; the paper has 256. Must be even.
        stem_channels: Widths of the stem's 7x7 convolution and of the two residuals after it.
        num_blocks: Residual modules at each place of the hourglass; the paper has 1.
        num_keypoints: Heatmaps that every stack predicts and re-injects, K. None re-injects the
            features alone.
        output: What ``forward`` returns:

            - ``'heatmaps'``: (N, K, H / 4, W / 4) of every stack, for ``MultiStageHeatmapHead``;
            - ``'features'``: (N, C, H / 4, W / 4) of every stack, for any head of MMPose;
            - ``'pyramid'``: the last hourglass's top-down features (N, C, H / 2^i, W / 2^i) for
              i = 2 ... depth + 2, finest first, as a feature pyramid network gives them.
        norm_cfg: Config of the norm layers. PyTorch's defaults, eps 1e-5 and momentum 0.1, are
            the paper's.
        norm_eval: Keep batch norms in evaluation mode while training.
        frozen_stages: -1 freezes nothing, 0 the stem, i the stem and the first i stacks.
        with_cp: Checkpoint the stem and each stack: less memory, more time, the same gradients
            and the same batch norm statistics.
        init_cfg: Config of the initialisation. None keeps PyTorch's, which is Torch7's except
            that batch norm's gain is 1 instead of drawn from U(0, 1).

    Raises:
        ValueError: An argument does not fit; the message names it.
    """

    def __init__(
        self,
        *,
        num_stacks: int = 8,
        depth: int = 4,
        channels: int = 256,
        stem_channels: Sequence[int] = (64, 128, 128),
        num_blocks: int = 1,
        num_keypoints: int | None = 16,
        output: Output = "heatmaps",
        norm_cfg: ConfigDict | dict | None = None,
        norm_eval: bool = False,
        frozen_stages: int = -1,
        with_cp: bool = False,
        init_cfg: ConfigDict | dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        for name, value in {
            "num_stacks": num_stacks,
            "depth": depth,
            "channels": channels,
            "num_blocks": num_blocks,
            "num_keypoints": 1 if num_keypoints is None else num_keypoints,
        }.items():
            if value < 1:
                raise InputError(f"{name} must be at least 1, got {value}")
        if output not in get_args(Output):
            raise InputError(f"output must be one of {get_args(Output)}, got {output!r}")
        if output == "heatmaps" and num_keypoints is None:
            raise InputError(
                "output='heatmaps' needs num_keypoints, got None; give the number of keypoints, "
                "or take output='features'"
            )
        if len(stem_channels) != 3:
            raise InputError(
                f"stem_channels must be three widths, such as (64, 128, 128), got {stem_channels}"
            )
        if not -1 <= frozen_stages <= num_stacks:
            raise InputError(
                f"frozen_stages must be from -1 (none) to num_stacks={num_stacks} (all), "
                f"got {frozen_stages}"
            )
        norm_cfg = norm_cfg or dict(type="BN")
        hourglass: dict[str, Any] = dict(
            channels=channels, depth=depth, num_blocks=num_blocks, norm_cfg=norm_cfg
        )

        self.num_stacks = num_stacks
        self.channels = channels
        self.output = output
        self.norm_eval = norm_eval
        self.frozen_stages = frozen_stages
        self.with_cp = with_cp
        self.size_divisor = STEM_STRIDE * 2**depth

        self.stem = Stem(channels=channels, stem_channels=stem_channels, norm_cfg=norm_cfg)
        self.stacks = nn.ModuleList(
            Stack(num_keypoints=num_keypoints, reinjects=True, **hourglass)
            for _ in range(num_stacks - 1)
        )
        if output == "pyramid":
            self.stacks.append(PyramidStack(**hourglass))
        else:
            last = num_keypoints if output == "heatmaps" else None
            self.stacks.append(Stack(num_keypoints=last, reinjects=False, **hourglass))
        self._freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run all stacks.

        Args:
            x: Images (N, 3, H, W); H and W are multiples of ``4 * 2 ** depth`` px.

        Returns:
            One tensor a stack ('heatmaps', 'features'), or depth + 1 tensors ('pyramid').
        """
        self._check_input_size(x)
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

    def train(self, mode: bool = True) -> "HourglassBackbone":
        """Set the mode; frozen parts, and batch norms under ``norm_eval``, stay in evaluation."""
        nn.Module.train(self, mode)
        self._freeze()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _run(self, module: nn.Module, x: Tensor) -> Any:
        if self.with_cp and self.training and torch.is_grad_enabled():
            return checkpoint_module(module, x)
        return module(x)

    def _freeze(self) -> None:
        if self.frozen_stages < 0:
            return
        for module in (self.stem, *self.stacks[: self.frozen_stages]):
            module.eval()
            module.requires_grad_(False)

    def _check_input_size(self, x: Tensor) -> None:
        divisor = self.size_divisor
        for side, size in zip(("height", "width"), x.shape[-2:], strict=True):
            if size % divisor:
                smaller = size // divisor * divisor
                sizes = f"{smaller} or {smaller + divisor}" if smaller else f"{divisor}"
                raise InputError(
                    f"the input's {side} is {size} px, which the network cannot halve evenly: "
                    f"both sides must be multiples of {divisor} px; the next that work are {sizes}"
                )
