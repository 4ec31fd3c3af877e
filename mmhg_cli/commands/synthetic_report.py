"""Compare rendered people with the minimum values of their level, and draw a sheet of them.

The exit status is 1 if a minimum is missed.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="the folder of `mmhg synthetic render`",
    )
    add_output(parser, "FILE.png", "the sheet (default: sheet.png in the folder)")


def run(args: Namespace) -> int:
    """Print the measured values, and write the sheet."""
    from mmhg.synthetic.report import check_folder

    holds = check_folder(args.folder, args.output or args.folder / "sheet.png")
    return 0 if holds else 1
