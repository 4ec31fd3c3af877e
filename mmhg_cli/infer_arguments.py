"""Tell the network from the inputs on the command line of `mmhg infer`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from difflib import get_close_matches
from glob import has_magic
from pathlib import Path

from mmhg.checkpoints.shipped import DEFAULT, shipped_weights, weights_of
from mmhg.config.catalog import config_names, find_config
from mmhg.errors import InputError
from mmhg.export.folder import is_exported
from mmhg.inference.sources import is_media
from mmhg_cli.shared import find_checkpoint

CONFIG_SUFFIXES = (".py", ".json", ".yaml", ".yml")
CHECKPOINT_SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors")


def split_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split the arguments into the network and the inputs.

    The network is a folder that `mmhg export` wrote; or a config and its checkpoint; or a config
    alone, which then was trained or comes with weights; or nothing, for the default network. A
    config is a file with the suffix of one, or the name of one of mmhg's. What follows a config is
    its checkpoint, unless it is recognized as an input.

    Returns:
        A folder, or config and checkpoint; and the inputs.

    Raises:
        InputError: The first argument is none of these, or there is no checkpoint of the config.
    """
    first, *rest = arguments or [""]
    if first and is_exported(first):
        return [first], rest
    if is_config(first):
        if rest and not is_input(rest[0]):
            return [first, rest[0]], rest[1:]
        checkpoint = find_checkpoint(Namespace(config=first, checkpoint=None))
        return [first, str(checkpoint)], rest
    check_input_names(arguments)
    return [DEFAULT, str(weights_of(DEFAULT))], list(arguments)


def is_config(text: str) -> bool:
    """Tell whether an argument is a config's file, there or not, or the name of one of mmhg's."""
    return text in config_names() or text.lower().endswith(CONFIG_SUFFIXES)


def is_input(text: str) -> bool:
    """Tell whether an argument is a folder, a glob, a camera's number, or an image or a video."""
    path = Path(text)
    if text in shipped_weights():
        return False
    return is_media(path) or path.is_dir() or has_magic(text) or (text.isascii() and text.isdigit())


def check_input_names(inputs: Sequence[str]) -> None:
    """Raise InputError if the first of the inputs is meant to be a config or a checkpoint."""
    for number, text in enumerate(inputs[:2]):
        if text.lower().endswith(CHECKPOINT_SUFFIXES):
            if number:
                find_config(inputs[0])
            raise InputError(f"{text} is a checkpoint. Give its CONFIG before it")
    for text in inputs[:1]:
        unknown = not is_input(text) and not Path(text).exists()
        if unknown and get_close_matches(text, config_names()):
            find_config(text)  # raises, and says which names are close
