"""Replace the codec of a top-down config in all its places."""

import math
from collections.abc import Mapping
from typing import Any

from mmhg.errors import InputError

ConfigTree = Mapping[str, Any]
CROPS = ("HourglassCrop", "PersonCrop", "TopdownAffine")
"""Pipeline steps that cut out a person."""


def with_codec(
    base: ConfigTree, codec: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the model and the dataloaders of `base` with another codec.

    mmengine replaces a config's lists as a whole, so a leaf with another input size, or with UDP,
    would have to repeat both pipelines. In a leaf:

        codec = dict(_base_.codec, input_size=(384, 384), heatmap_size=(96, 96))
        model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)

    Args:
        base: The config's `_base_`, which has the four settings.
        codec: Config of a codec with `input_size` (width, height) in px.

    Returns:
        The four settings: the head decodes and the pipelines crop and encode with `codec`. Crops
        are the authors' for `HourglassHeatmap` and MMPose's otherwise, aligned as UDP needs it if
        the codec is UDP's. The flip test shifts the mirrored heatmaps by the pixel that MMPose's
        codecs lose, except for UDP.

    Raises:
        InputError: 3 sigma is not a whole number of heatmap pixels, and MMPose needs it to be.
    """
    authors, udp = codec["type"] == "HourglassHeatmap", "UDP" in codec["type"]
    if not authors and not codec.get("unbiased", False):
        _check_reach(codec.get("sigma", 1))
    crop = dict(type="HourglassCrop") if authors else dict(type="PersonCrop", use_udp=udp)
    crop["input_size"] = codec["input_size"]

    def replace(tree: Any) -> Any:
        if isinstance(tree, Mapping):
            if tree.get("type") in CROPS:
                return dict(crop)
            tree = {key: replace(value) for key, value in tree.items()}
            return dict(tree, encoder=codec) if tree.get("type") == "GenerateTarget" else tree
        return [replace(value) for value in tree] if isinstance(tree, list) else tree

    model = replace(base["model"])
    model["head"]["decoder"] = codec
    model["test_cfg"]["shift_heatmap"] = not (authors or udp)
    loaders = (base[f"{name}_dataloader"] for name in ("train", "val", "test"))
    train, val, test = map(replace, loaders)
    return model, train, val, test


def _check_reach(sigma: float) -> None:
    """Refuse a patch of part pixels, which MMPose cuts differently at the border."""
    reach = 3 * sigma
    if not math.isclose(reach, round(reach)):
        whole = max(1, math.floor(reach))
        raise InputError(
            f"the codec's sigma is {sigma}, for which MMPose draws targets near the heatmap's left "
            "and upper border a pixel off. 3 sigma must be a whole number. Take "
            f"{whole / 3:.6g} (written as {whole} / 3) or unbiased=True (MSRAHeatmap), or "
            "HourglassHeatmap"
        )
