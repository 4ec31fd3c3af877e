"""MMPose's heatmap codecs, decoding a batch at once.

Shape shorthand in this module: N images, K keypoints, M = N K maps, H x W px of the heatmaps.
"""

from __future__ import annotations

import numpy as np
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from mmhg.codecs.array_decode import find_array_peaks, moved_by_a_quarter
from mmhg.codecs.batch_decode import (
    Peaks,
    as_maps,
    find_peaks,
    in_memory,
    quarter_offsets,
    to_host,
    within,
)
from mmhg.codecs.dark_decode import dark_offsets, udp_offsets


@KEYPOINT_CODECS.register_module()
class BatchMSRAHeatmap(MSRAHeatmap):
    """``MSRAHeatmap`` that decodes a batch at once, on the heatmaps' device.

    Keypoints are MMPose's: to the bit with its quarter of a pixel; with ``unbiased=True``, which is
    DARK, within 1e-3 heatmap px, where there is a clear maximum some 1e-5. On devices other than
    the CPU that does not hold for mere noise, where MMPose's own result is made by rounding.
    """

    def batch_decode(self, batch_encoded: Tensor) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Read heatmaps (N, K, H, W).

        Returns:
            For each image keypoints (1, K, 2), input px, 0-based, -1 heatmap px where nothing is
            positive, and the maxima (1, K) as their scores.
        """
        if batch_encoded.is_cpu and not self.unbiased:
            pixels, scores = _quarter_in_memory(in_memory(batch_encoded))
            people = len(batch_encoded), 1, -1
            keypoints = pixels.reshape(*people, 2) * self.scale_factor
            return list(keypoints), list(scores.reshape(people))
        maps = as_maps(batch_encoded)
        peaks = find_peaks(maps)
        if self.unbiased:
            offsets = dark_offsets(maps, peaks, self.blur_kernel_size)
        else:
            offsets = _mmposes_quarter(maps, peaks)
        places = _unless_empty(peaks.places + offsets, peaks)
        pixels, scores = to_host(places, peaks, len(batch_encoded))
        return list(pixels * self.scale_factor), list(scores)


@KEYPOINT_CODECS.register_module()
class BatchUDPHeatmap(UDPHeatmap):
    """``UDPHeatmap`` that decodes a batch at once, on the heatmaps' device.

    Keypoints are as near to MMPose's as DARK's of :class:`BatchMSRAHeatmap`, but for heatmaps that
    are nowhere positive: MMPose moves the -1 of these by what it finds in a corner of another
    keypoint's heatmap, here it stays.
    ``heatmap_type='combined'`` is left to MMPose.
    """

    @property
    def support_batch_decoding(self) -> bool:
        """Whether heads may call ``batch_decode``."""
        return self.heatmap_type == "gaussian"

    def batch_decode(self, batch_encoded: Tensor) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Read heatmaps (N, K, H, W).

        Returns:
            For each image keypoints (1, K, 2), input px, 0-based, and the maxima (1, K) as their
            scores. Where nothing is positive, keypoints are -1 heatmap px, or NaN if the whole
            heatmap is zero, as MMPose has it.
        """
        maps = as_maps(batch_encoded)
        peaks = find_peaks(maps)
        offsets = udp_offsets(maps, peaks, self.blur_kernel_size)
        pixels = _unless_empty(peaks.places, peaks) + offsets
        keypoints, scores = to_host(pixels, peaks, len(batch_encoded))
        width, height = self.heatmap_size
        return list(keypoints / [width - 1, height - 1] * self.input_size), list(scores)


def _unless_empty(pixels: Tensor, peaks: Peaks) -> Tensor:
    """Pixels (M, 2), -1 where nothing is positive."""
    return pixels.masked_fill((peaks.values <= 0)[:, None], -1)


def _mmposes_quarter(maps: Tensor, peaks: Peaks) -> Tensor:
    """What MMPose's `refine_keypoints` adds to maxima, (M, 2) heatmap px along x and y.

    Not from a border with a neighbour missing, nor along an axis from its first two pixels, nor
    across the other one's first.
    """
    beside = peaks.places.flip(1)
    allowed = within(maps, peaks.places, 1) & (peaks.places > 1) & (beside > 0)
    return quarter_offsets(maps, peaks, allowed)


def _quarter_in_memory(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of maps (M, H, W): heatmap px (M, 2), -1 where nothing is positive, and maxima."""
    peaks = find_array_peaks(maps)
    height, width = maps.shape[1:]
    end, beside = (width - 1, height - 1), peaks.places[:, ::-1]
    allowed = (peaks.places > 1) & (peaks.places < end) & (beside > 0)
    pixels = moved_by_a_quarter(peaks, allowed).astype(np.float32)
    pixels[peaks.values <= 0] = -1
    return pixels, peaks.values
