"""Intermediate supervision: a loss after every stack.

Shape shorthand in this module: N images, C channels, K keypoints, H x W px of the heatmaps.
"""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from mmengine.config import ConfigDict
from mmpose.evaluation.functional import pose_pck_accuracy
from mmpose.models.heads import CPMHead
from mmpose.registry import MODELS
from mmpose.utils.tensor_utils import to_numpy
from mmpose.utils.typing import OptSampleList
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.models.stage_loss import stage_loss

ConfigType: TypeAlias = ConfigDict | dict


@MODELS.register_module()
class MultiStageHeatmapHead(CPMHead):
    """Head with a heatmap loss for each output of the backbone, logged separately.

    Without a `final_layer` it has no parameters and takes the heatmaps that the backbone returns
    (`HourglassBackbone(output='heatmaps')`): the paper's network. With one it predicts
    heatmaps from the features of any backbone that has several outputs. The last output is the
    prediction; `predict`, decoding and flip test are MMPose's.

    Args:
        in_channels: Channels of each input; K without a final layer.
        out_channels: Heatmaps that it returns, K.
        num_stages: Number of inputs, MMPose's word for the backbone's `num_stacks`. These three
            must be given where the head has layers. Without layers, None takes what the backbone
            returns.
        final_layer: Config of the 1x1 convolution that predicts the heatmaps of each stage; None
            where the inputs are heatmaps already.
        loss: Config of a keypoint loss of MMPose or of your own, or one for each stage. Target
            weights go to a loss only if its `use_target_weight` is set, or if it has no such
            setting and its `forward` takes a third argument. The paper uses none, so that a
            keypoint without annotation has an all-zero target. The losses of a
            `MultipleLossWrapper` are added up.
        loss_weights: Weight of each stage's loss; None weighs all by 1, as in the paper.
        deconv_out_channels: Widths of deconvolutions ahead of the final layer, as in `CPMHead`.
        deconv_kernel_sizes: Their kernel sizes.
        decoder: Config of the codec that turns heatmaps into keypoints.
        init_cfg: Config of the initialization; None keeps PyTorch's.

    Raises:
        InputError: Inputs or settings do not fit together. The message names the setting.
    """

    def __init__(
        self,
        in_channels: int | None = None,
        out_channels: int | None = None,
        num_stages: int | None = None,
        *,
        final_layer: ConfigType | None = None,
        loss: ConfigType | Sequence[ConfigType] = ConfigDict(type="KeypointMSELoss"),  # noqa: B008
        loss_weights: Sequence[float] | None = None,
        deconv_out_channels: Sequence[int] | None = None,
        deconv_kernel_sizes: Sequence[int] | None = None,
        decoder: ConfigType | None = None,
        init_cfg: ConfigType | list[ConfigType] | None = None,
    ) -> None:
        self.has_layers = final_layer is not None or bool(deconv_out_channels)
        numbers = dict(in_channels=in_channels, out_channels=out_channels, num_stages=num_stages)
        missing = [name for name, number in numbers.items() if number is None]
        if self.has_layers and missing:
            raise InputError(
                f"a head with a final_layer or deconvolutions must be given {', '.join(missing)}. "
                "Set num_stages to the backbone's num_stacks, in_channels to its channels and "
                "out_channels to the dataset's number of keypoints"
            )
        if num_stages is None and isinstance(loss, list):
            num_stages = len(loss)
        if num_stages is None and loss_weights is not None:
            num_stages = len(loss_weights)
        if loss_weights is not None and len(loss_weights) != num_stages:
            raise InputError(
                f"loss_weights must hold one weight for each of num_stages={num_stages}, "
                f"got {list(loss_weights)}"
            )
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            num_stages=num_stages or 0,
            final_layer=final_layer,
            loss=loss,
            deconv_out_channels=deconv_out_channels,
            deconv_kernel_sizes=deconv_kernel_sizes,
            decoder=decoder,
            init_cfg=init_cfg,
        )
        self.num_stages = num_stages
        self.loss_weights = None if loss_weights is None else tuple(loss_weights)

    @property
    def default_init_cfg(self) -> list[dict]:
        """Keep PyTorch's initialization; `CPMHead` would draw weights with std 0.001."""
        return []

    def forward(self, feats: Sequence[Tensor], first_stage: int | None = None) -> list[Tensor]:
        """Map num_stages inputs (N, C, H, W) to the heatmaps (N, K, H, W) of each stage.

        In evaluation a head without layers also takes the last stage's heatmaps alone, which is
        what `FastHourglass` returns.

        Args:
            feats: Inputs of all stages.
            first_stage: Take the inputs of some stages, from this one on; None takes all.
        """
        last_alone = len(feats) == 1 and not self.training and not self.has_layers
        if first_stage is None and self.num_stages not in (None, len(feats)) and not last_alone:
            raise InputError(
                f"the backbone returns {len(feats)} feature maps, the head's num_stages is "
                f"{self.num_stages}. Set it to the backbone's num_stacks"
            )
        heatmaps = list(feats)
        if self.has_layers:
            stages = range(first_stage or 0, (first_stage or 0) + len(feats))
            heatmaps = [
                self.multi_final_layers[stage](self.multi_deconv_layers[stage](features))
                for stage, features in zip(stages, feats, strict=True)
            ]
        channels = heatmaps[-1].shape[1]
        if self.out_channels not in (None, channels):
            raise InputError(
                f"the head's out_channels is {self.out_channels}, but its heatmaps have {channels} "
                "channels. Set out_channels and the backbone's num_keypoints to the same number"
            )
        return heatmaps

    def loss(
        self,
        feats: Sequence[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: ConfigType | None = None,
        *,
        first_stage: int | None = None,
        accuracy: bool = True,
    ) -> dict[str, Tensor]:
        """Return the losses `loss_stack0` ... of every stage, and `acc_pose`, the last's accuracy.

        Args:
            feats: num_stages feature maps, (N, C, H, W) each.
            batch_data_samples: N samples with `gt_fields.heatmaps` (K, H, W) and
                `gt_instance_labels.keypoint_weights` (1, K).
            train_cfg: Unused; part of MMPose's interface.
            first_stage: As in `forward`.
            accuracy: Return `acc_pose`.

        Returns:
            Scalars on the device of the heatmaps; mmengine adds up those named `loss`.
        """
        some = {} if first_stage is None else dict(first_stage=first_stage)
        heatmaps = self.forward(feats, **some)
        targets = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        weights = torch.cat(
            [sample.gt_instance_labels.keypoint_weights for sample in batch_data_samples]
        )
        if heatmaps[-1].shape != targets.shape:
            raise InputError(
                f"heatmaps of shape {tuple(heatmaps[-1].shape)} cannot be compared with targets of "
                f"shape {tuple(targets.shape)} (N, K, H, W). Set the backbone's num_keypoints "
                "(and out_channels, if given) to the dataset's number of keypoints, and the "
                "codec's heatmap_size to the input size / 4"
            )
        losses = {}
        for stage, output in enumerate(heatmaps, start=first_stage or 0):
            weight = 1.0 if self.loss_weights is None else self.loss_weights[stage]
            one_each = isinstance(self.loss_module, nn.ModuleList)
            module = self.loss_module[stage] if one_each else self.loss_module
            losses[f"loss_stack{stage}"] = weight * stage_loss(module, output, targets, weights)
        if accuracy and weights.shape == targets.shape[:2]:
            _, accuracy, _ = pose_pck_accuracy(
                to_numpy(heatmaps[-1].float()), to_numpy(targets), to_numpy(weights) > 0
            )
            losses["acc_pose"] = targets.new_tensor(accuracy)
        return losses
