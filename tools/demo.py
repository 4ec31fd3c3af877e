"""A page on which a trained network shows, stack by stack, what it sees in a photo.

python tools/demo.py configs/hg2_synthetic_128.py work_dirs/hg2_synthetic_128/epoch_5.pth

The page is for this machine alone unless --host says otherwise; it loads nothing from elsewhere.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.demo import DemoServer, RefinementDemo
from mmhg.demo.examples import find_examples
from mmhg.demo.server import MEGABYTE
from mmhg.errors import InputError
from mmhg_cli.bad_input import exit_on_bad_input

FIGURES = Path("data/synthetic")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="file, or name of one of mmhg's configs")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "--host", default="127.0.0.1", help="where to listen (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=7860, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")
    parser.add_argument(
        "--max-upload",
        type=float,
        default=20,
        metavar="MB",
        help="largest file of a photo (default: %(default)s)",
    )
    return parser.parse_args(argv)


def start(args: argparse.Namespace) -> DemoServer:
    """The server, listening."""
    if not 0 < args.max_upload < math.inf:
        raise InputError(f"--max-upload must be more than 0 MB, got {args.max_upload:g}")
    return DemoServer(
        RefinementDemo(args.config, args.checkpoint, device=args.device),
        host=args.host,
        port=args.port,
        max_upload=round(args.max_upload * MEGABYTE),
        examples=find_examples(FIGURES),
    )


def main(argv: list[str] | None = None) -> None:
    """Serve until Ctrl-C; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        server = start(args)
    if not server.is_local:
        print("Everybody who reaches this machine can use the page.", file=sys.stderr)
    print(f"{server.url} (Ctrl-C ends it)", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
