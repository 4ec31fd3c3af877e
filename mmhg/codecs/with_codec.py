"""Another codec for a top-down config, in every place where one stands."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mmhg.errors import InputError

ConfigTree = Mapping[str, Any]


def with_codec(
    base: ConfigTree, codec: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """``model, train_dataloader, val_dataloader, test_dataloader`` of ``base`` with another codec.

    A config's lists are replaced whole, so a leaf with another input size, or with UDP, would have
    to repeat both pipelines. In a leaf::

        codec = dict(_base_.codec, input_size=(384, 384), heatmap_size=(96, 96))
        model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)

    Args:
        base: The config's ``_base_``: holds the four settings.
        codec: Config of a codec with ``input_size`` (width, height) in px.

    Returns:
        The four settings: the head decodes and the pipelines crop and encode with ``codec``. If its
        type starts with UDP, crops are aligned as UDP wants it, and the flip test does not shift
        the mirrored heatmaps; otherwise it does, by the pixel that MMPose's other codecs lose.

    Raises:
        InputError: 3 sigma is not a whole number of heatmap pixels.
    """
    reach = 3 * codec.get("sigma", 1)
    # MMPose cuts the patch to whole pixels towards 0, which is another way at the border.
    if not codec.get("unbiased", False) and not math.isclose(reach, round(reach)):
        raise InputError(
            f"the codec's sigma is {codec['sigma']}, for which MMPose draws targets near the "
            "heatmap's left and upper border a pixel off: 3 sigma must be a whole number; take "
            f"{max(1, math.floor(reach)) / 3:.6g} (written as {max(1, math.floor(reach))} / 3) "
            "or unbiased=True (MSRAHeatmap)"
        )
    aligned = codec["type"].startswith("UDP")
    replacements: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "TopdownAffine": lambda step: dict(step, input_size=codec["input_size"], use_udp=aligned),
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
    model["test_cfg"]["shift_heatmap"] = not aligned
    loaders = (
        replace(base[name]) for name in ("train_dataloader", "val_dataloader", "test_dataloader")
    )
    return (model, *loaders)
