"""Say what a network cannot see of large images that are made small for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST = 8.0
"""Image px per input px along a side, above which it is said. Crops are interpolated, not averaged:
each of their pixels takes 4 of the image's, so that of 64 and more most are never looked at."""


def reduction_note(
    sizes: np.ndarray, input_size: Sequence[int], heatmap_size: Sequence[int] | None = None
) -> str | None:
    """Describe how far crops of images are reduced, None if it is not far.

    Args:
        sizes: (N, 2) width and height of the crops, px of the image, with the boxes' padding.
        input_size: Width and height of the network's input, px.
        heatmap_size: Those of its heatmaps; None says nothing of them.

    Returns:
        A sentence, with the numbers of the crop of median size, and the ways out.
    """
    factors = (np.reshape(sizes, (-1, 2)) / np.asarray(input_size)).max(axis=1)
    middle = int(np.argsort(factors)[len(factors) // 2])
    factor, (width, height) = float(factors[middle]), np.reshape(sizes, (-1, 2))[middle]
    if factor <= MOST:
        return None
    text = (
        f"{width:.0f} x {height:.0f} px of the image become the network's {input_size[0]} x "
        f"{input_size[1]} px, {factor:.1f} times less along a side. "
    )
    if heatmap_size is not None:
        cell = factor * input_size[0] / heatmap_size[0]
        text += f"One pixel of a heatmap is {cell:.0f} px of the image, and "
    else:
        text += "So "
    return (
        f"{text}what is smaller than {2 * factor:.0f} px may not be seen at all. For finer "
        "keypoints give smaller boxes (--boxes, --two-pass), a larger input_size, or images that "
        "were made smaller by averaging (mmhg shrink-dataset)"
    )


def note_of_samples(samples: Any, decoder: Any) -> str | None:
    """Describe how far the crops of packed samples are reduced, None if it is not far or unknown.

    Args:
        samples: One or several `PoseDataSample`.
        decoder: The head's codec, which knows the size of the heatmaps.
    """
    known = [sample for sample in samples if "input_scale" in sample.metainfo]
    if not known:
        return None
    sizes = np.stack([np.ravel(sample.metainfo["input_scale"])[:2] for sample in known])
    return reduction_note(
        sizes, known[0].metainfo["input_size"], getattr(decoder, "heatmap_size", None)
    )
