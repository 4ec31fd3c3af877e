"""Augmentation as in the paper and as in the authors' released code; steps that set the box.

The paper (section 3.1): rotation within +-30 degrees, scale within 0.75-1.25, flip, no translation.
The released code (`pose-hg-train`) draws from clipped normal distributions and varies the colors.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.registry import TRANSFORMS

from mmhg.errors import InputError

_CLIP = 2.0
"""The released code clips its normal draws at two standard deviations."""


@TRANSFORMS.register_module()
class RandomScaleRotation(BaseTransform):
    """Scale and rotate the crop about the person's center. Comes before the crop.

    Changes `bbox_scale` and sets `bbox_rotation` (degrees).

    Args:
        law: `'paper'`: the crop's side is multiplied by U(1 - scale, 1 + scale), the angle is
            U(-rotation, rotation). `'released'`: the factor is 2 ** N(0, scale), the angle is
            N(0, rotation), both clipped at two standard deviations.
        scale: Width of the distribution of the scale.
        rotation: Width of the distribution of the angle, in degrees.
        rotation_prob: Fraction of samples that are rotated. None is 1 for `'paper'` and 0.4 for
            `'released'`.
    """

    def __init__(
        self,
        law: Literal["paper", "released"] = "paper",
        scale: float = 0.25,
        rotation: float = 30.0,
        rotation_prob: float | None = None,
    ) -> None:
        if law not in ("paper", "released"):
            raise InputError(f"law must be 'paper' or 'released', got {law!r}")
        if scale < 0 or (law == "paper" and scale >= 1):
            raise InputError(f"scale must be at least 0, and less than 1 for 'paper', got {scale}")
        if rotation < 0:
            raise InputError(f"rotation must not be negative, got {rotation}")
        if rotation_prob is None:
            rotation_prob = 1.0 if law == "paper" else 0.4
        if not 0 <= rotation_prob <= 1:
            raise InputError(f"rotation_prob must lie within 0 and 1, got {rotation_prob}")
        self.law = law
        self.scale = scale
        self.rotation = rotation
        self.rotation_prob = rotation_prob

    @cache_randomness
    def _draw(self, num_boxes: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw factors (N, 1) and angles (N,) in degrees."""
        if self.law == "paper":
            unit = np.random.uniform(-1, 1, (2, num_boxes))
            factors = 1 + self.scale * unit[0]
        else:
            unit = np.random.standard_normal((2, num_boxes)).clip(-_CLIP, _CLIP)
            factors = np.exp2(self.scale * unit[0])
        rotated = np.random.random(num_boxes) < self.rotation_prob
        return factors[:, None], np.where(rotated, self.rotation * unit[1], 0.0)

    @property
    def smallest_factor(self) -> float:
        """Return the smallest factor of the crop's side that can be drawn."""
        return 1 - self.scale if self.law == "paper" else 2 ** (-_CLIP * self.scale)

    def transform(self, results: dict) -> dict:
        """Draw one factor and one angle for each box."""
        factors, angles = self._draw(len(results["bbox_scale"]))
        results["bbox_scale"] = results["bbox_scale"] * factors
        results["bbox_rotation"] = angles
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(law={self.law!r}, scale={self.scale}, "
            f"rotation={self.rotation}, rotation_prob={self.rotation_prob})"
        )


@TRANSFORMS.register_module()
class ScaleBox(BaseTransform):
    """Multiply the crop's side by a fixed factor, for multi-scale testing. Comes before the crop.

    Args:
        factor: More than 1 shows more of the image around the person.
    """

    def __init__(self, factor: float) -> None:
        if not factor > 0:
            raise InputError(f"factor must be positive, got {factor}")
        self.factor = factor

    def transform(self, results: dict) -> dict:
        """Change `results['bbox_scale']` (N, 2)."""
        results["bbox_scale"] = results["bbox_scale"] * self.factor
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(factor={self.factor})"


@TRANSFORMS.register_module()
class RandomChannelGain(BaseTransform):
    """Multiply each color channel by its own U(low, high), clipped to 0..255.

    This is the released code's color augmentation. It is cheapest after the crop.
    """

    def __init__(self, low: float = 0.6, high: float = 1.4) -> None:
        if not 0 <= low <= high:
            raise InputError(f"0 <= low <= high must hold, got low={low}, high={high}")
        self.low = low
        self.high = high

    @cache_randomness
    def _draw(self, num_channels: int) -> np.ndarray:
        return np.random.uniform(self.low, self.high, num_channels)

    def transform(self, results: dict) -> dict:
        """Change `results['img']` (H, W, C) or (H, W), of uint8 or of floats within 0..255."""
        image = results["img"]
        gains = self._draw(image.shape[2] if image.ndim == 3 else 1)
        if image.dtype == np.uint8:
            table = np.arange(256)[:, None] * gains
            table = np.rint(table).clip(0, 255).astype(np.uint8)
            results["img"] = cv2.LUT(image, table[None]).reshape(image.shape)
        else:
            results["img"] = (image * gains.astype(image.dtype)).clip(0, 255)
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(low={self.low}, high={self.high})"


@TRANSFORMS.register_module()
class WholeImageBox(BaseTransform):
    """Use the whole image as the person's box. Comes after the image is loaded.

    For datasets whose images are cut around one person, so that the test does not use the
    annotations.
    """

    def transform(self, results: dict) -> dict:
        """Set `results['bbox']` (1, 4), px, to the outer borders of the outer pixels."""
        height, width = results["img_shape"]
        results["bbox"] = np.array([[0, 0, width, height]], dtype=np.float32) - 0.5
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
