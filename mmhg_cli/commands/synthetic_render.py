"""Render the built-in synthetic people, who have MPII's joints, in MPII's own layout.

Nothing is done if the folder already has the same people.
"""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace
from dataclasses import replace

from mmhg_cli.shared import add_output

LEVELS = (1, 2)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_output(parser, "FOLDER", "to render into", required=True)
    parser.add_argument(
        "--level", type=int, choices=LEVELS, default=1, help="how hard (default: 1)"
    )
    for split in ("train", "val", "test"):
        parser.add_argument(
            f"--{split}", type=int, metavar="N", help=f"people in the {split} split"
        )
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), help="processes (default: %(default)s)"
    )


def run(args: Namespace) -> None:
    """Render the people."""
    from mmhg.synthetic import default_request, render_dataset

    asked = {name: getattr(args, name) for name in ("train", "val", "test", "seed")}
    given = {name: value for name, value in asked.items() if value is not None}
    start = time.monotonic()
    request = replace(default_request(args.level), **given)
    rendered = render_dataset(args.output, request, args.workers)
    what = f"level {request.level}, {request.train} + {request.val} + {request.test} people"
    if rendered:
        print(f"{args.output}: {what}, rendered in {time.monotonic() - start:.0f} s")
    else:
        print(f"{args.output}: holds {what}, seed {request.seed}, already. Nothing to do")
