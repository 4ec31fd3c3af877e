"""Compare the channels of images with those that a model takes."""

from __future__ import annotations

from typing import Any

from mmhg.errors import InputError

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
    wanted = getattr(model.backbone, "in_channels", channels)
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
