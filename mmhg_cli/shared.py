"""Options that several commands share."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, _ActionsContainer
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Config = Any  # mmengine.Config, which is not imported before a command runs


DEFAULT_NETWORK = "hg2_lspet_128"
"""The config whose weights are taken where none is named."""


def add_network(parser: ArgumentParser, default: str | None = None) -> None:
    """Add `CONFIG [CHECKPOINT]`, or `[CONFIG [CHECKPOINT]]` if there is a default config."""
    add_config(parser, default)
    parser.add_argument(
        "checkpoint",
        nargs="?",
        metavar="CHECKPOINT",
        help="its weights: .pth or .safetensors (default: the best of its training, else those "
        "that come with the config)",
    )


def add_config(parser: ArgumentParser, default: str | None = None) -> None:
    """Add `CONFIG`."""
    about = "file, or name of one of mmhg's configs"
    if default is None:
        parser.add_argument("config", metavar="CONFIG", help=about)
    else:
        about = f"{about} (default: {default})"
        parser.add_argument("config", nargs="?", default=default, metavar="CONFIG", help=about)


def add_output(parser: ArgumentParser, metavar: str, help: str, **settings: Any) -> None:
    """Add `-o`, `--output`: the file or the folder to write."""
    parser.add_argument("-o", "--output", type=Path, metavar=metavar, help=help, **settings)


def add_device(parser: ArgumentParser) -> None:
    """Add `--device`."""
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")


def add_half(parser: ArgumentParser, help: str) -> None:
    """Add `--half`, for numbers of 16 bits outside of training."""
    parser.add_argument("--half", action="store_true", help=help)


def add_batch_size(parser: ArgumentParser, default: int, help: str) -> None:
    """Add `--batch-size`."""
    parser.add_argument("--batch-size", type=int, default=default, metavar="N", help=help)


def add_cfg_options(parser: _ActionsContainer) -> None:
    """Add `--cfg-options`; `parse_options` reads the values."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action="extend",
        metavar="KEY=VALUE",
        help="change settings of the config: train_dataloader.batch_size=16, a=1,2, b='[(1,2)]'",
    )


def parse_options(given: Sequence[str] | None) -> dict[str, Any]:
    """Read the values of `--cfg-options` as MMEngine does.

    Raises:
        InputError: A value is not KEY=VALUE.
    """
    from mmengine.config import DictAction

    from mmhg.errors import InputError

    options = {}
    for text in given or ():
        wanted = "--cfg-options takes KEY=VALUE, such as train_dataloader.batch_size=16"
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InputError(f"{wanted}, got {text!r}")
        try:
            options[key] = DictAction._parse_iterable(value)
        except AssertionError as error:  # unbalanced brackets
            raise InputError(f"{wanted}, got {text!r}: {error}") from error
    return options


def find_checkpoint(args: Namespace) -> str | Path:
    """Return the checkpoint of a command: the one given, or that of the config, which is said.

    `--work-dir` of a command is where its training wrote.

    Raises:
        InputError: There is no such config, or no checkpoint of it.
    """
    from mmhg.config.catalog import get_config
    from mmhg.models.loading import checkpoint_of
    from mmhg.models.trained import trained_checkpoint

    config = get_config(args.config)
    if args.checkpoint is not None:
        return checkpoint_of(config, args.checkpoint)
    folder = getattr(args, "work_dir", None)
    found = (folder and trained_checkpoint(Path(folder))) or checkpoint_of(config, None)
    print(f"checkpoint: {found}", file=sys.stderr)
    return found


def load_config(args: Namespace) -> Config:
    """Load the config of a command and apply its `--cfg-options`.

    Raises:
        InputError: There is no such config, it does not load, or an option does not fit it.
    """
    from mmhg.config.catalog import get_config

    config = get_config(args.config)
    merge_options(config, args.config, args.cfg_options)
    return config


def merge_options(config: Config, name: str, given: Sequence[str] | None) -> None:
    """Apply `--cfg-options` to the config of this name.

    Raises:
        InputError: An option cannot be read, or does not fit the config.
    """
    from mmhg.errors import InputError

    options = parse_options(given)
    try:
        config.merge_from_dict(options)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{name} and --cfg-options do not fit: {error}") from error


def move_data(config: Config, root: str | None) -> None:
    """Read the data of all splits below `root`, if it is given."""
    for split in ("train", "val", "test"):
        loader = config.get(f"{split}_dataloader")
        if root and loader:
            before, boxes = loader.dataset.get("data_root") or "", loader.dataset.get("bbox_file")
            if boxes and boxes.startswith(before):  # a path of its own in MMPose's configs
                loader.dataset.bbox_file = root.rstrip("/") + "/" + boxes[len(before) :]
            loader.dataset.data_root = root
