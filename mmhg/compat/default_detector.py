"""`MMPoseInferencer` without `det_model` fetches a person detector, which may not work here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import Any
from urllib.error import URLError

WAY_OUT = (
    "set det_model='whole_image' where each image shows one person, or give det_model and "
    "det_weights as files"
)


def with_fallback(init_detector: Callable[..., None]) -> Callable[..., None]:
    """Wrap MMPose's `_init_detector` for the case that it chooses the detector itself.

    Without mmcv's compiled operators the detector would fail at its first image. A warning says so,
    and the whole image is the person's box. If it cannot be downloaded, an error says what to do.
    """

    @wraps(init_detector)
    def initialize(self: Any, det_model: Any = None, *args: Any, **kwargs: Any) -> None:
        if det_model is not None:
            return init_detector(self, det_model, *args, **kwargs)
        if find_spec("mmcv._ext") is None:
            from mmengine.logging import print_log

            print_log(
                "MMPose's default person detector needs full mmcv, and this is mmcv-lite: each "
                f"image is taken as one person's. To avoid this warning, {WAY_OUT}",
                logger="current",
                level=logging.WARNING,
            )
            det_model = "whole_image"
        try:
            return init_detector(self, det_model, *args, **kwargs)
        except URLError as error:
            from mmhg.errors import InputError

            raise InputError(
                f"MMPose's default person detector cannot be downloaded ({error.reason}). To avoid "
                f"this error, {WAY_OUT}"
            ) from error

    return initialize


def apply() -> None:
    """Wrap the method once."""
    from mmpose.apis.inferencers.base_mmpose_inferencer import BaseMMPoseInferencer

    if not hasattr(BaseMMPoseInferencer._init_detector, "__wrapped__"):
        BaseMMPoseInferencer._init_detector = with_fallback(BaseMMPoseInferencer._init_detector)
