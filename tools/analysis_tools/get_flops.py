#!/usr/bin/env python
"""Print the parameters and the multiply-accumulates of a config's model."""

from __future__ import annotations

import argparse

from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from mmhg.config.library import get_config
from mmhg.errors import InputError
from mmhg.models.complexity import measure_complexity
from mmhg_cli.bad_input import exit_on_bad_input


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="path of a config, or the name of one of mmhg's")
    parser.add_argument(
        "--input-shape",
        type=int,
        nargs="+",
        metavar="PX",
        help="height and width of the input, or one number for both (default: the config's codec)",
    )
    parser.add_argument("--batch-size", "-b", type=int, default=1, help="images in a forward pass")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    return parser.parse_args()


def input_shape(cfg: Config, sides: list[int] | None) -> tuple[int, int]:
    """Height and width in px: those given, else those of the config's codec."""
    if sides is None:
        size = cfg.get("codec", {}).get("input_size")
        if size is None:
            raise InputError(f"{cfg.filename} has no codec.input_size: give --input-shape")
        width, height = size
        return height, width
    if len(sides) > 2 or min(sides) < 1:
        raise InputError(f"--input-shape takes one or two positive sides, got {sides}")
    return sides[0], sides[-1]


def main() -> None:
    args = parse_args()
    cfg = get_config(args.config)
    cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmpose"))
    height, width = input_shape(cfg, args.input_shape)
    whole, *parts = measure_complexity(cfg.model, (height, width), batch_size=args.batch_size)

    table = Table("module", title=f"{args.batch_size} x 3 x {height} x {width}")
    table.add_column("parameters", justify="right")
    table.add_column("GMACs", justify="right")
    for part in parts:
        table.add_row(part.name, f"{part.parameters:,}", f"{part.macs / 1e9:.3f}")
    table.add_section()
    table.add_row("all", f"{whole.parameters:,}", f"{whole.macs / 1e9:.3f}")
    Console().print(table)


if __name__ == "__main__":
    with exit_on_bad_input():
        main()
