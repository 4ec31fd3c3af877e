"""Serve a page on which a trained network shows its predictions after each stack on a photo.

mmhg demo                                   # the network that comes with mmhg
mmhg demo hg2_synthetic_128 work_dirs/hg2_synthetic_128/epoch_5.pth

The page is for this machine alone unless --host says otherwise; it loads nothing from elsewhere.
"""

from __future__ import annotations

import math
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import (
    DEFAULT_NETWORK,
    add_cfg_options,
    add_device,
    add_network,
    find_checkpoint,
    load_config,
)

EXAMPLES = Path("data/synthetic")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_network(parser, DEFAULT_NETWORK)
    parser.add_argument(
        "--host", default="127.0.0.1", help="where to listen (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=7860, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--max-upload",
        type=float,
        default=20,
        metavar="MB",
        help="largest file of a photo (default: %(default)s)",
    )
    add_device(parser)
    add_cfg_options(parser)


def run(args: Namespace) -> None:
    """Serve until Ctrl-C."""
    from mmhg.demo import DemoServer, RefinementDemo
    from mmhg.demo.examples import find_examples
    from mmhg.demo.server import MEGABYTE
    from mmhg.errors import InputError

    if not 0 < args.max_upload < math.inf:
        raise InputError(f"--max-upload must be more than 0 MB, got {args.max_upload:g}")
    server = DemoServer(
        RefinementDemo(load_config(args), find_checkpoint(args), device=args.device),
        host=args.host,
        port=args.port,
        max_upload=round(args.max_upload * MEGABYTE),
        examples=find_examples(EXAMPLES),
    )
    if not server.is_local:
        print("Anyone who can connect to this machine can use the page.", file=sys.stderr)
    print(f"{server.url} (Ctrl-C ends it)", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
