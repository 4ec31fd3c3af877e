"""Training accuracy on the heatmaps' own device.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

import torch
from torch import Tensor


def heatmap_maxima(heatmaps: Tensor) -> Tensor:
    """Find each heatmap's maximum (x, y) in heatmap px, 0-based: (N, K, H, W) to (N, K, 2).

    A heatmap without a positive value has its maximum at (-1, -1), as in MMPose.
    """
    width = heatmaps.shape[-1]
    flat = heatmaps.flatten(2)
    index = flat.argmax(-1)
    maxima = torch.stack((index % width, index // width), dim=-1)
    return maxima.masked_fill((flat.amax(-1) <= 0)[..., None], -1)


def heatmap_accuracy(
    heatmaps: Tensor, targets: Tensor, annotated: Tensor, threshold: float = 0.05
) -> Tensor:
    """Return the PCK of the heatmaps' maxima, averaged over the keypoints annotated in the batch.

    As MMPose's `pose_pck_accuracy`, on the heatmaps' own device.

    Args:
        heatmaps: Predictions, (N, K, H, W).
        targets: Target heatmaps, (N, K, H, W).
        annotated: Which keypoints count, (N, K), boolean.
        threshold: Distance that is still right, as a fraction of the heatmap's sides.

    Returns:
        A scalar on the device of `heatmaps`, from 0 to 1; 0 where nothing is annotated.
    """
    height, width = heatmaps.shape[-2:]
    x, y = (heatmap_maxima(heatmaps) - heatmap_maxima(targets)).unbind(-1)
    correct = (torch.hypot(x / width, y / height) < threshold) & annotated
    counts = annotated.sum(0)
    accuracies = correct.sum(0) / counts.clamp(min=1)
    return accuracies.sum() / (counts > 0).sum().clamp(min=1)
