"""Local supervision in mmengine's Runner: each stack learns from its own loss, at once.

Shape shorthand in this module: N images, H x W px of the input image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.utils.typing import SampleList
from torch import Tensor

from mmhg.errors import InputError
from mmhg.models.head import MultiStageHeatmapHead
from mmhg.nn.local_supervision import outside_autocast
from mmhg.nn.network import StackedHourglass


@MODELS.register_module()
class LocalTopdownPoseEstimator(TopdownPoseEstimator):
    """`TopdownPoseEstimator` whose stacks each learn from their own loss alone.

    The backward pass of a group of stacks follows its forward pass at once, so that only one
    group's activations are alive. `StackedHourglass.forward_cut` says where the graph is cut. The
    gradients are kept, and the optimizer's backward pass from the losses hands them to the
    parameters: accumulation, clipping and `DistributedDataParallel` find one ordinary backward
    pass. Losses are logged as usual; prediction and weights' names are the base class's.

    In float16 gradients need mmhg's `AmpOptimWrapper`, which tells the model the scale of the loss.

    Args:
        cut_every: Stacks in a group: a gradient passes through so many, from the last of them to
            the first.
        **settings: Arguments of `TopdownPoseEstimator`. The backbone is a `HourglassBackbone` and
            the head a `MultiStageHeatmapHead`.

    Raises:
        InputError: A stack would be without a loss. The message names the setting.
    """

    def __init__(self, *, cut_every: int = 1, **settings: Any) -> None:
        super().__init__(**settings)
        self.cut_every = cut_every
        self._scale: Callable[[Tensor], Tensor] = _as_it_is
        if not isinstance(self.backbone, StackedHourglass):
            raise InputError(
                "LocalTopdownPoseEstimator is for a HourglassBackbone, the backbone is a "
                f"{type(self.backbone).__name__}. Set model.type to TopdownPoseEstimator"
            )
        self.backbone.check_cut(cut_every)
        stacks = self.backbone.num_stacks
        if not isinstance(self.head, MultiStageHeatmapHead) or self.with_neck:
            raise InputError(
                "local supervision needs a MultiStageHeatmapHead and no neck, which gives every "
                f"stack a loss, model.head is a {type(self.head).__name__}"
            )
        if self.head.num_stages not in (None, stacks):
            raise InputError(
                f"model.head.num_stages is {self.head.num_stages}, but the backbone has {stacks} "
                "stacks. Set both to the same"
            )

    @contextmanager
    def losses_scaled_by(self, scale: Callable[[Tensor], Tensor]) -> Iterator[None]:
        """Run backward passes from scaled losses, for a `with` block around `loss`.

        In float16 small gradients would become 0 otherwise.

        Args:
            scale: Multiplies a tensor as the optimizer will multiply the loss.
        """
        self._scale = scale
        try:
            yield
        finally:
            self._scale = _as_it_is

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Compute the losses of every stack, and already the gradients.

        Args:
            inputs: (N, in_channels, H, W).
            data_samples: N samples.

        Returns:
            What `TopdownPoseEstimator` returns.

        Raises:
            InputError: Parameters that should be trained got no gradient. FSDP hides them.
        """
        if not torch.is_grad_enabled():
            losses: dict[str, Tensor] = super().loss(inputs, data_samples)
            return losses
        trained = {name: p for name, p in self.named_parameters() if p.requires_grad}
        reached: set[str] = set()
        losses = {}
        first = 0
        for outputs in self.backbone.forward_cut(inputs, self.cut_every):
            last = first + len(outputs) == self.backbone.num_stacks
            found = self.head.loss(
                outputs,
                data_samples,
                train_cfg=self.train_cfg,
                first_stage=first,
                accuracy=last,
            )
            total, _ = self.parse_losses(found)
            losses |= {name: value.detach() for name, value in found.items()}
            gradients = self._gradients(total, trained)
            carrier = f"loss_stack{first}"
            losses[carrier] = _Carrier.apply(
                losses[carrier].mean(),
                self._scale(torch.ones_like(total)),
                list(gradients.values()),
                *(trained[name] for name in gradients),
            )
            reached |= gradients.keys()
            first += len(outputs)
        if lacking := sorted(trained.keys() - reached):
            raise InputError(
                f"local supervision gave {len(lacking)} parameters no gradient, such as "
                f"{lacking[0]}. It does not work within FSDP, nor with layers that no stack's loss "
                "depends on"
            )
        return losses

    def _gradients(self, total: Tensor, trained: dict[str, Tensor]) -> dict[str, Tensor]:
        """Go backward from a group's loss to those parameters that it depends on."""
        if not total.requires_grad:  # all of the group is frozen
            return {}
        with outside_autocast(total.device.type):
            found = torch.autograd.grad(
                self._scale(total), list(trained.values()), allow_unused=True
            )
        pairs = zip(trained, found, strict=True)
        return {name: gradient for name, gradient in pairs if gradient is not None}


class _Carrier(torch.autograd.Function):
    """A loss, detached, whose gradients are known already: its backward pass hands them out."""

    @staticmethod
    def forward(
        ctx: Any, loss: Tensor, scale: Tensor, gradients: list[Tensor], *parameters: Tensor
    ) -> Tensor:
        ctx.save_for_backward(scale, *gradients)
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        scale, *gradients = ctx.saved_tensors
        factor = outer[0] / scale
        return (None, None, None, *(gradient * factor for gradient in gradients))


def _as_it_is(loss: Tensor) -> Tensor:
    return loss
