"""Another codec for a top-down config, in every place where one stands."""

from collections.abc import Callable, Mapping
from typing import Any

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
        The four settings: the head decodes and the pipelines crop and encode with ``codec``; crops
        are aligned as UDP wants it if the codec's type starts with UDP.
    """
    replacements: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "TopdownAffine": lambda step: dict(
            step, input_size=codec["input_size"], use_udp=codec["type"].startswith("UDP")
        ),
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
    loaders = (
        replace(base[name]) for name in ("train_dataloader", "val_dataloader", "test_dataloader")
    )
    return (model, *loaders)
