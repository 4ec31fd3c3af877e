"""Describe a model of MMPose, as far as a user of the exported network needs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.config import Config
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import TRANSFORMS
from torch import nn

from mmhg.codecs import HourglassHeatmap
from mmhg.config.category import category_of
from mmhg.datasets.transforms import HourglassCrop, LoadWholeImage
from mmhg.datasets.transforms.loading import loader_of
from mmhg.errors import InputError
from mmhg.models import LocalTopdownPoseEstimator
from mmhg.models.channels import check_channels

_HARMLESS = {"LoadImage", "LoadWholeImage", "PackPoseInputs"}
"""Test transforms that do not change what the network sees."""


def describe(config: Config, model: nn.Module) -> dict[str, Any]:
    """Describe preprocessing, codec, flip test and keypoints of a model, as plain JSON.

    Args:
        config: The model's config, whose test pipeline says how people are cropped.
        model: With `dataset_meta`, as `mmpose.apis.init_model` returns it.

    Raises:
        InputError: The folder's `predict.py` could not give what MMPose's inference gives. The
            message names the setting.
    """
    if type(model) not in (TopdownPoseEstimator, LocalTopdownPoseEstimator):
        raise InputError(
            f"model.type is {type(model).__name__}, but only TopdownPoseEstimator can be exported. "
            "For a multi-scale config, take the config that it is based on"
        )
    crop = _crop(config)
    codec = _codec(model)
    if crop["input_size"] != codec["input_size"]:
        raise InputError(
            f"the test pipeline crops to {crop['input_size']} px, the head's decoder reads "
            f"{codec['input_size']} px. Set both input_size to the same"
        )
    return dict(
        input=dict(size=crop.pop("input_size"), **_normalization(model, loader_of(config))),
        crop=crop,
        codec=codec,
        flip_test=_flip_test(model),
        category=category_of(config),
        keypoints=_keypoints(model),
    )


def _crop(config: Config) -> dict[str, Any]:
    """Describe how the test pipeline crops a person."""
    padding, whole_image_shift, crop = 1.0, 0.0, None
    for step in config.test_dataloader.dataset.pipeline:
        kind = step["type"]
        name = kind if isinstance(kind, str) else kind.__name__
        kind = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
        reads = isinstance(kind, type) and issubclass(kind, LoadWholeImage)
        if reads or name in _HARMLESS:
            changed = {"to_float32", "color_type", "imdecode_backend"}.intersection(step)
            if changed:
                raise InputError(
                    f"the test pipeline's {name} sets {sorted(changed)}. Leave it out; "
                    "LoadWholeImage's channels=1 reads gray"
                )
        elif name == "WholeImageBox":
            whole_image_shift = -0.5
        elif name == "GetBBoxCenterScale":
            padding = TRANSFORMS.build(step).padding
        elif name in ("HourglassCrop", "PersonCrop", "TopdownAffine"):
            crop = TRANSFORMS.build(step)
        else:
            raise InputError(f"the test pipeline has a {name}, which cannot be exported")
    if crop is None:
        raise InputError(
            "the test pipeline has no crop. It must have HourglassCrop or TopdownAffine"
        )
    # The points of box and input that the crop lays on each other.
    if isinstance(crop, HourglassCrop):
        alignment = "outer borders"
    else:
        alignment = "corner pixels" if crop.use_udp else "first pixel"
    return dict(
        input_size=[int(side) for side in crop.input_size],
        padding=padding,
        alignment=alignment,
        whole_image_shift=whole_image_shift,
    )


def _codec(model: Any) -> dict[str, Any]:
    """Describe how heatmaps are decoded."""
    decoder = model.head.decoder
    kernel = getattr(decoder, "blur_kernel_size", None)
    if isinstance(decoder, HourglassHeatmap):
        rule = "authors"
    elif isinstance(decoder, MSRAHeatmap):
        rule = "dark" if decoder.unbiased else "mmpose"
    elif isinstance(decoder, UDPHeatmap) and decoder.heatmap_type == "gaussian":
        rule = "udp"
    else:
        raise InputError(
            f"the head's decoder is {type(decoder).__name__}. Only heatmaps of HourglassHeatmap, "
            "MSRAHeatmap and UDPHeatmap (heatmap_type='gaussian') can be exported"
        )
    return dict(
        type=type(decoder).__name__,
        rule=rule,
        input_size=[int(side) for side in decoder.input_size],
        heatmap_size=[int(side) for side in decoder.heatmap_size],
        blur_kernel_size=kernel if rule in ("dark", "udp") else None,
    )


def _normalization(model: Any, loader: LoadWholeImage) -> dict[str, Any]:
    """Describe channels, range of values, mean and std of the network's input."""
    preprocessor, number = model.data_preprocessor, loader.channels
    check_channels(model, number, "the test pipeline")
    mean, std = [0.0] * number, [1.0] * number
    if preprocessor._enable_normalize:
        mean, std = (
            value.flatten().expand(number).tolist()
            for value in (preprocessor.mean, preprocessor.std)
        )
    color = "RGB" if preprocessor._channel_conversion else "BGR"
    described = dict(channels={1: "gray", 3: color}.get(number, "stored"), mean=mean, std=std)
    if loader.value_range is not None:
        described["value_range"] = loader.value_range
    return described


def _flip_test(model: Any) -> dict[str, bool]:
    """Describe the flip test: is it on, and are the mirrored heatmaps shifted."""
    settings = model.test_cfg
    if settings.get("flip_mode", "heatmap") != "heatmap" or settings.get("output_keypoint_indices"):
        raise InputError(
            "model.test_cfg has a flip_mode other than 'heatmap', or output_keypoint_indices. "
            "Neither can be exported"
        )
    return dict(
        on=bool(settings.get("flip_test", False)),
        shift_heatmap=bool(settings.get("shift_heatmap", False)),
    )


def _keypoints(model: Any) -> dict[str, Any]:
    """List names, mirror images, skeleton and colors."""
    meta = model.dataset_meta
    names = [meta["keypoint_id2name"][index] for index in range(meta["num_keypoints"])]
    predicted = model.head.out_channels or model.backbone.num_keypoints
    if len(names) != predicted:
        raise InputError(
            f"the head predicts {predicted} keypoints, the dataset {meta['dataset_name']!r} has "
            f"{len(names)}. Set the config's datasets to those that the network was trained on"
        )
    return dict(
        names=names,
        flip_indices=[int(index) for index in meta["flip_indices"]],
        skeleton=np.array(meta["skeleton_links"]).tolist(),
        colors=np.array(meta["keypoint_colors"]).tolist(),
        skeleton_colors=np.array(meta["skeleton_link_colors"]).tolist(),
    )
