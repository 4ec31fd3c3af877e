"""A box without annotations."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class WholeImageBox(BaseTransform):
    """Take the whole image for the person's box; comes after the image is loaded.

    For data sets whose images are cut around one person, so that the test does not look at the
    annotations.
    """

    def transform(self, results: dict) -> dict:
        """Set `results['bbox']` (1, 4), px, to the outer borders of the outer pixels."""
        height, width = results["img_shape"]
        results["bbox"] = np.array([[0, 0, width, height]], dtype=np.float32) - 0.5
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
