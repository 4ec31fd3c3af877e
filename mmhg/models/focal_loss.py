"""The focal heatmap loss, for heatmaps that are no probabilities.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from math import log

import torch
from mmpose.models.losses.heatmap_loss import FocalHeatmapLoss
from mmpose.registry import MODELS
from torch import Tensor
from torch.nn.functional import logsigmoid

_STEEPNESS = 2 * log(9)
"""Of the logit along a heatmap's values. 0 stands for a probability of 0.1, as the biases at the
beginning of CornerNet's training do, and 1 for 0.9."""

_LEAST_PEAK = 0.5
"""A lower maximum of a target is the flank of a Gaussian whose center lies outside."""


@MODELS.register_module()
class FocalHeatmapLossWithLogits(FocalHeatmapLoss):
    """`FocalHeatmapLoss` (CornerNet's: Law, Deng, ECCV 2018) for the heatmaps of this network.

    MMPose's takes the logarithm of the heatmaps and of 1 minus them, which must lie between 0 and
    1. The hourglass has no sigmoid at its end, so that a value of 0 or below gives NaN. And it
    takes as a keypoint what is exactly 1 in the target: with `UDPHeatmap`, and with `MSRAHeatmap`
    and `unbiased=True`, nothing is, and the network learns that there are no keypoints.

    Here a heatmap's value h stands for the probability sigmoid(4.39 (h - 1/2)), that is 0.1 for 0,
    0.5 for 1/2 and 0.9 for 1. Heatmaps keep their range, so that decoding, scores, thresholds and
    exports stay as they are, and the initial heatmaps, which are near 0, need no bias. A keypoint's
    pixel is the maximum of its target (two or four pixels if they are equal).

    Takes the settings of `FocalHeatmapLoss`: `alpha` (2), the power of the probability by which a
    pixel is wrong; `beta` (4), the power of 1 minus the target, by which pixels near a keypoint
    count less; `use_target_weight`, which leaves out what has a target weight of 0;
    `skip_empty_channel`; `loss_weight`.
    """

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Compute the loss per keypoint that has a target.

        Args:
            output: Heatmaps (N, K, H, W) of any values.
            target: (N, K, H, W), of Gaussians of amplitude 1.
            target_weights: (N, K) or (N, K, H, W).
            mask: (N, K, H, W) or (N, 1, H, W), of pixels.
        """
        weights = self._get_mask(target, target_weights, mask)
        weights = torch.ones_like(target[:, :, :1, :1]) if weights is None else weights.float()
        highest = target.amax((2, 3), keepdim=True)
        peaks = (target == highest) & (highest > _LEAST_PEAK)
        logits = _STEEPNESS * (output.float() - 0.5)
        log_there, log_absent = logsigmoid(logits), logsigmoid(-logits)
        at_peaks = -log_there * (self.alpha * log_absent).exp()
        elsewhere = -log_absent * (self.alpha * log_there).exp() * (1 - target) ** self.beta
        losses = torch.where(peaks, at_peaks, elsewhere) * weights
        keypoints = (peaks * weights).sum()
        return losses.sum() / keypoints.clamp(min=1) * self.loss_weight
