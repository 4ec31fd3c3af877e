"""A network in the form that rtmlib's class RTMPose runs.

Shape shorthand in this module: N images, K keypoints, W x H px of the network's input.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.export.graph import KeypointNetwork

FILE = "rtmlib.onnx"
OUTPUTS = ["simcc_x", "simcc_y"]
PADDING = 1.25
"""By which rtmlib enlarges boxes."""

_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Say what rtmlib subtracts from the channels of OpenCV's images and divides them by, in order."""

_STEPS = 2
"""rtmlib's positions per px."""


def check_for_rtmlib(settings: Mapping[str, Any]) -> None:
    """Raise InputError for a network whose input, of `describe`, rtmlib cannot give."""
    if settings["channels"] not in ("RGB", "BGR", "gray") or settings.get("value_range"):
        raise InputError(
            "--rtmlib is for networks of pictures with colors, or of gray ones, and 8 bits: rtmlib "
            "knows no others"
        )


class RtmlibNetwork(nn.Module):
    """Images as rtmlib normalizes them (N, 3, H, W), to its SimCC outputs.

    Each keypoint is one position in a row of zeros: its score, at twice its coordinate. Nothing is
    lost where keypoints lie on whole and half px, as they do without DARK and UDP; with these they
    move by at most 0.25 px along each axis.

    Args:
        network: Images to keypoints.
        description: As `mmhg.export.description.describe` gives it.

    Raises:
        InputError: Its input is no picture with colors, or gray, of 8 bits.
    """

    given_mean: Tensor
    given_std: Tensor
    mean: Tensor
    std: Tensor
    stretch: Tensor

    def __init__(self, network: KeypointNetwork, description: Mapping[str, Any]) -> None:
        super().__init__()
        self.network = network
        settings = description["input"]
        check_for_rtmlib(settings)
        self.size, self.channels = settings["size"], settings["channels"]
        # With corner pixels on the box's corners, W px of keypoints are W - 1 px of rtmlib's crop.
        less = description["crop"]["alignment"] == "corner pixels"
        self.register_buffer("stretch", torch.tensor([(side - less) / side for side in self.size]))
        for name, values in (
            ("given_mean", _MEAN),
            ("given_std", _STD),
            ("mean", settings["mean"]),
            ("std", settings["std"]),
        ):
            self.register_buffer(name, torch.tensor(values).float().view(1, -1, 1, 1))
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return rows (N, K, 2 W) of x and (N, K, 2 H) of y."""
        pixels = images * self.given_std + self.given_mean  # blue, green, red, 0..255
        if self.channels == "RGB":
            pixels = pixels.flip(1)
        elif self.channels == "gray":
            blue, green, red = pixels.split(1, dim=1)
            pixels = 0.114 * blue + 0.587 * green + 0.299 * red  # as OpenCV
        keypoints, scores, _ = self.network((pixels - self.mean) / self.std)
        rows, keypoints = [], keypoints * self.stretch
        for axis, side in enumerate(self.size):
            places = (keypoints[..., axis] * _STEPS).round().clamp(0, side * _STEPS - 1)
            marks = places.long()[..., None] == torch.arange(side * _STEPS)
            rows.append(torch.where(marks, scores[..., None], 0))
        return rows[0], rows[1]

    def as_rtmlib(self, images: Tensor) -> Tensor:
        """Return images (N, C, H, W) of our own normalization as rtmlib would normalize them."""
        pixels = images * self.std + self.mean
        pixels = pixels.flip(1) if self.channels == "RGB" else pixels.expand(-1, 3, -1, -1)
        return (pixels - self.given_mean) / self.given_std


def rtmlib_scores(file: Path, images: np.ndarray) -> np.ndarray:
    """Run a written file on images (N, 3, H, W), and return scores (N, K, 2), of x and of y."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    outputs = [session.run(None, {name: image[None]}) for image in images]
    return np.array([[rows[0].max(axis=1) for rows in output] for output in outputs]).swapaxes(1, 2)
