"""Compare the channels of images with those that a model takes."""

from __future__ import annotations

from typing import Any

from mmhg.errors import InputError
from mmhg.nn import StackedHourglass

_WAY_OUT = (
    "Set all three by mmhg.config.with_channels: LoadWholeImage's channels, "
    "model.data_preprocessor and model.backbone.in_channels"
)


def check_channels(model: Any, channels: int, whose: str) -> None:
    """Refuse images of other channels than the model's preprocessor and network take.

    Args:
        model: A pose estimator of MMPose.
        channels: Of the images.
        whose: Who loads them, for the message.

    Raises:
        InputError: They do not fit; names the numbers.
    """
    preprocessor = model.data_preprocessor
    backbone = model.backbone  # of others in_channels may mean another thing
    wanted = backbone.in_channels if isinstance(backbone, StackedHourglass) else channels
    if channels != wanted:
        raise InputError(
            f"{whose} loads images of {channels} channels, model.backbone.in_channels is {wanted}. "
            f"{_WAY_OUT}"
        )
    if channels == 3:
        return
    if preprocessor._channel_conversion:
        raise InputError(
            f"{whose} loads images of {channels} channels, but model.data_preprocessor exchanges "
            f"the first and the third one (bgr_to_rgb, rgb_to_bgr). {_WAY_OUT}"
        )
    means = preprocessor.mean.numel() if preprocessor._enable_normalize else 1
    if means not in (1, channels):
        raise InputError(
            f"{whose} loads images of {channels} channels, but model.data_preprocessor has a mean "
            f"of {means}. {_WAY_OUT}"
        )
