"""MMPose's `MSRAHeatmap`, which here decodes a batch at once.

Shape shorthand in this module: N images, K keypoints, M = N K maps, H x W px of the heatmaps.
"""

from __future__ import annotations

import numpy as np
from mmpose.codecs import MSRAHeatmap
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from mmhg.nn.heatmaps import as_maps, find_peaks, quarter_offsets


@KEYPOINT_CODECS.register_module()
class BatchMSRAHeatmap(MSRAHeatmap):
    """`MSRAHeatmap` that decodes a batch at once, to the same bits.

    With `unbiased=True`, which is DARK, decoding is left to MMPose, image by image.
    """

    @property
    def support_batch_decoding(self) -> bool:
        """Tell heads whether they may call `batch_decode`."""
        return not self.unbiased

    def batch_decode(self, batch_encoded: Tensor) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Read heatmaps (N, K, H, W).

        Returns:
            For each image keypoints (1, K, 2), input px, 0-based, -1 heatmap px where nothing is
            positive, and the maxima (1, K) as their scores.
        """
        peaks = find_peaks(as_maps(batch_encoded))
        # MMPose's `refine_keypoints` moves no maximum on a border with a neighbor missing, nor
        # along an axis from its first two pixels, nor across the other one's first.
        end, across = np.array(self.heatmap_size) - 1, peaks.positions[:, ::-1]
        allowed = (peaks.positions > 1) & (peaks.positions < end) & (across > 0)
        pixels = peaks.positions + quarter_offsets(peaks, allowed)
        pixels = pixels.astype(np.float32)
        pixels[peaks.values <= 0] = -1
        people = len(batch_encoded), 1, -1
        keypoints = pixels.reshape(*people, 2) * self.scale_factor
        return list(keypoints), list(peaks.values.reshape(people))
