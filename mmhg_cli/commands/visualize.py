"""Show how the stacks refine a pose: a sheet, an animation, and the scores after each stack.

mmhg visualize CONFIG [CHECKPOINT]
mmhg visualize CONFIG [CHECKPOINT] --index 4 17
mmhg visualize CONFIG [CHECKPOINT] --image photo.jpg --box 40 20 220 410

The first form scores the validation set: it writes scores.json and scores.png, the metric after
each stack as in the paper's Figure 9, and shows the person whose joints the stacks correct most.
The other forms show the given people and do not score.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_cfg_options, add_device, add_network, add_output

MOST_PEOPLE = 3
"""On a sheet."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_network(parser)
    add_output(parser, "FOLDER", "to write (default: the checkpoint's name and _stacks, here)")
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--people",
        type=int,
        choices=range(1, MOST_PEOPLE + 1),
        default=1,
        help="how many of the validation set are shown (default: 1)",
    )
    who.add_argument(
        "--index", type=int, nargs="+", metavar="I", help="these of the validation set, from 0"
    )
    who.add_argument("--image", type=Path, help="a person in this image")
    parser.add_argument(
        "--box",
        type=float,
        nargs=4,
        metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"),
        help="the person in --image, px from 0 (default: the whole image)",
    )
    parser.add_argument(
        "--joints", nargs="+", metavar="NAME", help="whose heatmaps are shown, or 'all'"
    )
    parser.add_argument(
        "--first", type=int, metavar="N", help="use only the first N of the validation set"
    )
    parser.add_argument(
        "--animation",
        choices=("gif", "mp4", "none"),
        default="gif",
        help="default: gif (less than 2 MB)",
    )
    parser.add_argument(
        "--drawn",
        action="store_true",
        help="show a figure drawn from the annotation in place of the photograph, which may not be "
        "for publication",
    )
    add_device(parser)
    add_cfg_options(parser)


def run(args: Namespace) -> None:
    """Draw, and score the validation set unless people are given."""
    from mmhg_cli.visualizing import visualize

    visualize(args)
