"""Print the parameters and the multiply-accumulates of a config's model."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from mmhg_cli.shared import Config, add_batch_size, add_cfg_options, add_config, load_config


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_config(parser)
    parser.add_argument(
        "--input-shape",
        type=int,
        nargs="+",
        metavar="PX",
        help="height and width of the input, or one number for both (default: the config's codec)",
    )
    add_batch_size(parser, 1, "images in a forward pass (default: %(default)s)")
    add_cfg_options(parser)


def run(args: Namespace) -> None:
    """Measure and print."""
    from mmengine.registry import init_default_scope

    from mmhg.models.complexity import measure_complexity
    from mmhg.utils.table import table

    config = load_config(args)
    init_default_scope(config.get("default_scope", "mmpose"))
    height, width = input_shape(config, args.input_shape)
    whole, *parts = measure_complexity(config.model, (height, width), batch_size=args.batch_size)
    rows = [
        (name, f"{part.parameters:,}", f"{part.macs / 1e9:.3f}")
        for name, part in [*((part.name, part) for part in parts), ("all", whole)]
    ]
    print(f"{args.batch_size} x 3 x {height} x {width}")
    print(table(["module", "parameters", "GMACs"], rows))


def input_shape(config: Config, sides: list[int] | None) -> tuple[int, int]:
    """Return height and width in px: those given, else those of the config's codec."""
    from mmhg.errors import InputError

    if sides is None:
        size = config.get("codec", {}).get("input_size")
        if size is None:
            raise InputError(f"{config.filename} has no codec.input_size. Give --input-shape")
        width, height = size
        return height, width
    if len(sides) > 2 or min(sides) < 1:
        raise InputError(f"--input-shape takes one or two positive sides, got {sides}")
    return sides[0], sides[-1]
