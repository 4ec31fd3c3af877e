"""Training for MMPose's associative embedding head, whose loss fails in MMPose 1.3.2.

Shape shorthand in this module: N images, P people in an image, K keypoints, H x W px of heatmaps.
"""

from collections.abc import Sequence

import torch
from mmpose.models.heads import AssociativeEmbeddingHead
from mmpose.registry import MODELS
from mmpose.utils.typing import ConfigType, OptSampleList
from torch import Tensor


@MODELS.register_module()
class TrainableAssociativeEmbeddingHead(AssociativeEmbeddingHead):
    """`AssociativeEmbeddingHead` with a loss that fits its own heatmaps.

    MMPose's `loss` gives the heatmap loss one weight per person, where one per image is needed, and
    a mask without a channel axis. Here, as in Newell et al. (NIPS 2017), all heatmaps count, except
    for the pixels that are masked out as crowd.
    """

    def loss(
        self,
        feats: Sequence[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: ConfigType | None = None,
    ) -> dict[str, Tensor]:
        """Return the losses `loss_kpt`, `loss_pull` and `loss_push`.

        Args:
            feats: The backbone's feature maps.
            batch_data_samples: N samples with `gt_fields.heatmaps` (K, H, W),
                `gt_fields.heatmap_mask` (H, W) and `gt_instance_labels.keypoint_indices`
                (P, K, 2).
            train_cfg: Unused; part of MMPose's interface.
        """
        heatmaps, tags = self.forward(feats)
        if not self.tag_per_keypoint:
            tags = tags.repeat((1, self.num_keypoints, 1, 1))
        targets = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        masks = torch.stack([sample.gt_fields.heatmap_mask for sample in batch_data_samples])
        indices = [sample.gt_instance_labels.keypoint_indices for sample in batch_data_samples]
        loss_pull, loss_push = self.loss_module.tag_loss(tags, indices)
        return {
            "loss_kpt": self.loss_module.keypoint_loss(
                heatmaps, targets, mask=masks.reshape(len(masks), 1, *masks.shape[-2:])
            ),
            "loss_pull": loss_pull,
            "loss_push": loss_push,
        }
