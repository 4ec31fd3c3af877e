"""The stacked hourglass network as a backbone of MMPose.

Shape shorthand in this module: N images, C channels, K keypoints, H x W px of the input image.
"""

from copy import deepcopy
from typing import Any

from mmcv.cnn import build_norm_layer
from mmengine.config import ConfigDict
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmhg.errors import InputError
from mmhg.nn.network import StackedHourglass


@MODELS.register_module()
class HourglassBackbone(StackedHourglass, BaseBackbone):
    """`StackedHourglass` with the settings and methods of MMPose's backbones.

    Its output `'heatmaps'` is for `MultiStageHeatmapHead`, `'features'` for any head of MMPose, and
    `'pyramid'` for heads that follow a feature pyramid network.

    Args:
        norm_cfg: Config of the norm layers; None takes batch norm with PyTorch's defaults.
        norm_eval: Keep batch norms in evaluation mode while training.
        frozen_stages: -1 freezes nothing, 0 the stem, i the stem and the first i stacks.
        init_cfg: Config of the initialization. None keeps PyTorch's, which is Torch7's except
            that batch norm's gain is 1 instead of drawn from U(0, 1).
        **settings: Arguments of `StackedHourglass`: `num_stacks`, `num_keypoints`, `in_channels`,
            `channels`, `depth`, `num_blocks`, `stem_channels`, `output`, `supervision`,
            `reinject_heatmaps`, `with_cp`.

    Raises:
        InputError: An argument does not fit; the message names it.
    """

    def __init__(
        self,
        *,
        norm_cfg: ConfigDict | dict | None = None,
        norm_eval: bool = False,
        frozen_stages: int = -1,
        init_cfg: ConfigDict | dict | list[dict] | None = None,
        **settings: Any,
    ) -> None:
        norm_cfg = norm_cfg or dict(type="BN")
        super().__init__(norm=lambda channels: build_norm_layer(norm_cfg, channels)[1], **settings)
        if not -1 <= frozen_stages <= self.num_stacks:
            raise InputError(
                f"frozen_stages must be from -1 (none) to num_stacks={self.num_stacks} (all), "
                f"got {frozen_stages}"
            )
        self.init_cfg = deepcopy(init_cfg)
        self.norm_eval = norm_eval
        self.frozen_stages = frozen_stages
        self._freeze()

    def train(self, mode: bool = True) -> "HourglassBackbone":
        """Set the mode. Frozen parts, and batch norms under `norm_eval`, stay in evaluation."""
        nn.Module.train(self, mode)
        self._freeze()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze(self) -> None:
        if self.frozen_stages < 0:
            return
        for module in (self.stem, *self.stacks[: self.frozen_stages]):
            module.eval()
            module.requires_grad_(False)
