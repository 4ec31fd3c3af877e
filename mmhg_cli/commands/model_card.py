"""Write a page about a trained network, as Markdown, from its files alone.

mmhg model-card hg8_mpii_256 hg8.pth work_dirs/hg8_mpii_256/results.json -o hg8.md
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_config, add_output


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_config(parser)
    parser.add_argument(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="its weights: .pth or .safetensors"
    )
    parser.add_argument(
        "results",
        type=Path,
        nargs="*",
        metavar="results.json",
        help="of its evaluations",
    )
    add_output(parser, "FILE.md", "to write (default: standard output)")


def run(args: Namespace) -> None:
    """Write the page."""
    from mmhg.results.model_card import model_card
    from mmhg.utils.files import write_text

    text = model_card(args.config, args.checkpoint, args.results)
    if args.output is None:
        print(text, end="")
    else:
        write_text(args.output, text)
