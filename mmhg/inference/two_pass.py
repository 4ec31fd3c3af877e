"""Look twice at an image without boxes: at all of it, then at a crop about what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mmhg.datasets.transforms import LoadWholeImage
from mmhg.inference.predictor import Image, matched, read_image

SURE = 0.2
"""The lowest score of a keypoint that the second crop must contain."""


class TwoPass:
    """Predict in whole images first, then again in boxes about the keypoints found.

    For images that a person or an object does not fill: a whole image leaves them few of the
    network's pixels. Each image has one; those with given boxes are looked at once. The second box
    is the extent of the keypoints that score at least 0.2, the whole image where that has no area,
    and the network's pipeline pads it as any other.

    Args:
        predict: A `Predictor`, or a function like it: images and boxes give keypoints (N, K, 2) in
            px and scores (N, K). Best if it has learned whole images as well as crops.
    """

    def __init__(self, predict: Callable[..., Any]) -> None:
        self.predict = predict

    def __call__(self, images: Image | Sequence[Image], boxes: Any = None) -> Any:
        """Return what `predict` returns for the second boxes; the arguments are a `Predictor`'s."""
        sources, boxes = matched(images, boxes)
        whole = [index for index, given in enumerate(boxes) if given is None]
        if whole:
            found = zip(*self.predict([sources[index] for index in whole], None), strict=True)
            for index, (keypoints, scores) in zip(whole, found, strict=True):
                loader = getattr(self.predict, "loader", None)
                boxes[index] = [box_about(keypoints[scores >= SURE], sources[index], loader)]
        return self.predict(sources, boxes)


def box_about(
    keypoints: np.ndarray, image: Image, loader: LoadWholeImage | None = None
) -> np.ndarray:
    """Return the extent (4,) of keypoints (K, 2), or that of the image if it has no area."""
    if len(keypoints) and (np.ptp(keypoints, axis=0) > 0).all():
        return np.concatenate([keypoints.min(axis=0), keypoints.max(axis=0)])
    height, width = read_image(image, loader).shape[:2]
    return np.array([0.0, 0.0, width, height])
