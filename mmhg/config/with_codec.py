"""Another codec for a top-down config, in every place where one stands."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mmhg.codecs.device_targets import has_device_targets
from mmhg.errors import InputError

ConfigTree = Mapping[str, Any]


def with_codec(
    base: ConfigTree, codec: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """``model, train_dataloader, val_dataloader, test_dataloader`` of ``base`` with another codec.

    A config's lists are replaced whole, so a leaf with another input size, or with UDP, would have
    to repeat both pipelines. In a leaf:

        codec = dict(_base_.codec, input_size=(384, 384), heatmap_size=(96, 96))
        model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)

    Args:
        base: The config's ``_base_``: holds the four settings.
        codec: Config of a codec with ``input_size`` (width, height) in px.

    Returns:
        The four settings: the head decodes and the pipelines crop and encode with ``codec``. Crops
        are the authors' for ``HourglassHeatmap`` and MMPose's otherwise, aligned as UDP wants it if
        the codec is UDP's. The flip test shifts the mirrored heatmaps by the pixel that MMPose's
        codecs lose, UDP's aside. Where the base leaves targets to ``DeviceTargetPreprocessor``, so
        does the result if they can be drawn on the device; if not, ``GenerateTarget`` makes them in
        the training pipeline.

    Raises:
        InputError: 3 sigma is not a whole number of heatmap pixels, where MMPose wants it so.
    """
    authors = codec["type"] == "HourglassHeatmap"
    reach = 3 * codec.get("sigma", 1)
    # MMPose cuts the patch to whole pixels towards 0, which is another way at the border.
    exact = authors or codec.get("unbiased", False)
    if not exact and not math.isclose(reach, round(reach)):
        raise InputError(
            f"the codec's sigma is {codec['sigma']}, for which MMPose draws targets near the "
            "heatmap's left and upper border a pixel off: 3 sigma must be a whole number; take "
            f"{max(1, math.floor(reach)) / 3:.6g} (written as {max(1, math.floor(reach))} / 3) "
            "or unbiased=True (MSRAHeatmap), or HourglassHeatmap"
        )
    udp = "UDP" in codec["type"]
    crop = dict(type="HourglassCrop") if authors else dict(type="PersonCrop", use_udp=udp)
    crop["input_size"] = codec["input_size"]
    replacements: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "HourglassCrop": lambda step: dict(crop),
        "PersonCrop": lambda step: dict(crop),
        "TopdownAffine": lambda step: dict(crop),
        "LoadPersonRegion": lambda step: dict(step, input_size=codec["input_size"]),
        "GenerateTarget": lambda step: dict(step, encoder=codec),
    }

    def replace(tree: Any) -> Any:
        if isinstance(tree, Mapping):
            tree = {key: replace(value) for key, value in tree.items()}
            return replacements.get(tree.get("type", ""), dict)(tree)
        if isinstance(tree, list | tuple):
            return type(tree)(replace(value) for value in tree)
        return tree

    model = replace(base["model"])
    model["head"]["decoder"] = codec
    model["test_cfg"]["shift_heatmap"] = not (authors or udp)
    train, val, test = (
        replace(base[name]) for name in ("train_dataloader", "val_dataloader", "test_dataloader")
    )
    preprocessor = model.get("data_preprocessor") or {}
    draws = preprocessor.get("type") == "DeviceTargetPreprocessor"
    if draws and not _has_step(train, "GenerateTarget"):
        on_device = has_device_targets(codec)
        # None, since without the key the base's encoder would stay.
        preprocessor["encoder"] = codec if on_device else None
        if not on_device:
            train = _with_targets(train, codec)
    return model, train, val, test


def _has_step(tree: Any, kind: str) -> bool:
    if isinstance(tree, Mapping):
        return tree.get("type") == kind or _has_step(list(tree.values()), kind)
    return isinstance(tree, list | tuple) and any(_has_step(branch, kind) for branch in tree)


def _with_targets(tree: Any, codec: dict[str, Any]) -> Any:
    """A dataloader whose pipelines make the targets, where they packed joints."""
    if isinstance(tree, Mapping):
        return {key: _with_targets(value, codec) for key, value in tree.items()}
    if not isinstance(tree, list | tuple):
        return tree
    steps = []
    for step in tree:
        if isinstance(step, Mapping) and step.get("type") == "PackPoseInputs":
            steps.append(dict(type="GenerateTarget", encoder=codec))
            step = {key: value for key, value in step.items() if key != "pack_transformed"}
        steps.append(_with_targets(step, codec))
    return type(tree)(steps)
