"""Heatmaps as the authors of the stacked hourglass draw and read them.

Shape shorthand in this module: N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from mmhg.errors import InputError
from mmhg.nn.heatmaps import BEFORE_FLOOR, as_maps, read_keypoints


@KEYPOINT_CODECS.register_module()
class HourglassHeatmap(BaseKeypointCodec):
    """Draw one Gaussian per keypoint, by the authors' released code (`pose-hg-train`).

    A heatmap pixel stands for the 4 x 4 input pixels that it covers, so that pixel i is centered on
    4 i + 1.5 input px (0-based, pixels at whole numbers). In MMPose's `MSRAHeatmap` it stands for
    4 i, and mirrored heatmaps have to be shifted. These must not be (`shift_heatmap=False`).

    - A keypoint's target is a Gaussian of amplitude 1 about the middle of the pixel that it falls
      on, cut to `patch_size`; what reaches over the border is left out. (The released code draws
      patches that reach over the left or upper border 1 or 2 px off; princeton-vl's does not.)
    - A keypoint is read off at the maximum, moved a quarter pixel towards the higher neighbor along
      each axis. It is not moved on a tie, nor along either axis if the maximum lies on the border.

    Args:
        input_size: Width and height of the network's input in px.
        heatmap_size: Width and height of the heatmaps in px, W and H.
        sigma: Of the Gaussian, in heatmap px. The paper says 1; the released code's patch has 1.75.
        patch_size: Side of the Gaussian's patch in heatmap px; the released code's 7. Must be odd.

    Raises:
        InputError: A setting does not fit; the message names it.
    """

    label_mapping_table: ClassVar[dict[str, str]] = dict(keypoint_weights="keypoint_weights")
    field_mapping_table: ClassVar[dict[str, str]] = dict(heatmaps="heatmaps")

    def __init__(
        self,
        input_size: Sequence[int],
        heatmap_size: Sequence[int],
        sigma: float = 1.0,
        patch_size: int = 7,
    ) -> None:
        super().__init__()
        if not sigma > 0:
            raise InputError(f"the codec's sigma must be positive, got {sigma}")
        if patch_size < 1 or patch_size % 2 == 0:
            raise InputError(f"the codec's patch_size must be odd, got {patch_size}")
        self.input_size = tuple(input_size)
        self.heatmap_size = tuple(heatmap_size)
        self.sigma = sigma
        self.patch_size = patch_size
        self.scale_factor = np.divide(input_size, heatmap_size)

    def encode(
        self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Draw one person.

        Args:
            keypoints: (1, K, 2), input px, 0-based.
            keypoints_visible: (1, K), 0 where not annotated; None annotates all.

        Returns:
            `heatmaps` (K, H, W), empty where not annotated, and `keypoint_weights` (1, K), 0 where
            not annotated or where nothing of the patch lies on the heatmap.
        """
        if len(keypoints) != 1:
            raise InputError(f"HourglassHeatmap encodes one person at a time, got {len(keypoints)}")
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2])
        pixels = np.floor((keypoints[0] + 0.5) / self.scale_factor + BEFORE_FLOOR)
        width, height = self.heatmap_size
        columns, rows = self._profile(pixels[:, 0], width), self._profile(pixels[:, 1], height)
        weights = np.where(keypoints_visible[0] < 0.5, 0, keypoints_visible[0])
        weights = weights * columns.any(1) * rows.any(1)
        heatmaps = (rows * (weights > 0)[:, None])[:, :, None] * columns[:, None, :]
        return dict(heatmaps=heatmaps, keypoint_weights=weights[None].astype(np.float32))

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read one person's heatmaps (K, H, W).

        Returns:
            Keypoints (1, K, 2), input px, 0-based, and the maxima (1, K) as their scores.
        """
        keypoints, scores = read_keypoints(encoded, self.scale_factor)
        return keypoints[None], scores[None]

    def batch_decode(self, batch_encoded: Tensor) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Read the heatmaps (N, K, H, W) of a batch at once.

        Returns:
            For each image what `decode` gives, to the bit.
        """
        keypoints, scores = read_keypoints(as_maps(batch_encoded), self.scale_factor)
        people = len(batch_encoded), 1, -1
        return list(keypoints.reshape(*people, 2)), list(scores.reshape(people))

    def _profile(self, pixels: np.ndarray, length: int) -> np.ndarray:
        """Draw the patches along one axis: centers (K,) to (K, length)."""
        distances = np.arange(length) - pixels[:, None]
        profile = np.exp(-(distances**2) / (2 * self.sigma**2))
        profile[np.abs(distances) > self.patch_size // 2] = 0
        return profile.astype(np.float32)
