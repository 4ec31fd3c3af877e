"""Measure rendered people beside the floors of their level, and draw a sheet of pictures.

The exit status is 1 where a floor is missed.
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
        help="what `mmhg synthetic render` rendered into",
    )
    add_output(parser, "FILE.png", "the sheet (default: sheet.png in the folder)")


def run(args: Namespace) -> int:
    """Print what was measured, and write the sheet."""
    from mmhg.synthetic.report import check_folder

    holds = check_folder(args.folder, args.output or args.folder / "sheet.png")
    return 0 if holds else 1
