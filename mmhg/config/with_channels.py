"""Let a config read and take images of other channels in all its places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Settings = tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]

_NAMES = ("model", "train_dataloader", "val_dataloader", "test_dataloader")
_LOADER = "LoadWholeImage"
_WHITE = 255


def with_channels(
    base: Any,
    channels: int,
    value_range: Sequence[float] | str | None = None,
) -> Settings:
    """Return the model and the dataloaders of `base` for images of other channels or bits.

    In a leaf, alone or after another codec:

        settings = with_codec(_base_, codec)
        model, train_dataloader, val_dataloader, test_dataloader = with_channels(settings, 1)

    Args:
        base: A config, or its `_base_`, which has the four settings, or the four, as `with_codec`
            gives them.
        channels: Of the images: 1 for gray, 3 for color, or as many as the files have.
        value_range: The values that become 0 and 255, as for `LoadWholeImage`.

    Returns:
        The four settings: each `LoadWholeImage` reads, and the network takes, these channels. For
        others than 3, values are divided by 255 and no channels are exchanged.
    """
    parts = base if isinstance(base, list | tuple) else [base[name] for name in _NAMES]

    def replace(tree: Any) -> Any:
        if isinstance(tree, Mapping):
            tree = {key: replace(value) for key, value in tree.items()}
            if str(tree.get("type")).rpartition(".")[2] == _LOADER:
                tree.update(channels=channels, value_range=value_range)
            return tree
        return [replace(value) for value in tree] if isinstance(tree, list) else tree

    model, train, val, test = map(replace, parts)
    model["backbone"]["in_channels"] = channels
    if channels != 3:
        model["data_preprocessor"].update(mean=[0], std=[_WHITE], bgr_to_rgb=False)
    return model, train, val, test
