"""Make a folder that trains of what a labeling tool wrote: COCO's files, split, and a config.

mmhg import data/openfield -o data/mine
mmhg train data/mine/config.py
mmhg export data/mine/config.py

Formats: COCO, CVAT, Label Studio, DeepLabCut, SLEAP, YOLO-pose, LSP, MPII.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

from mmhg_cli.shared import add_output

FORMATS = ("coco", "cvat", "label_studio", "deeplabcut", "sleap", "yolo_pose", "lsp", "mpii")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "labels", type=Path, metavar="LABELS", help="the file or folder that was labeled"
    )
    add_output(parser, "FOLDER", "to make: train.json, val.json, config.py", required=True)
    parser.add_argument(
        "--format", choices=FORMATS, help="of LABELS (default: found from its content)"
    )
    parser.add_argument(
        "--images", type=Path, metavar="FOLDER", help="of the pictures, if not beside LABELS"
    )
    parser.add_argument(
        "--flip-pairs",
        nargs="*",
        metavar="LEFT,RIGHT",
        help="keypoints that change places in a mirrored image (default: as the labels say, or by "
        "name); without any nothing is mirrored",
    )
    parser.add_argument(
        "--val",
        nargs="+",
        metavar="SHARE",
        help="what validates: a fraction, or names of groups (default: as the labels say, or 0.15)",
    )
    parser.add_argument(
        "--group",
        metavar="GROUP",
        help="what is never split: `folder`; a CSV file with the columns image and group; or "
        "`image`, to split one by one (default: the labels' videos or subjects)",
    )
    parser.add_argument(
        "--padding",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="what boxes made from points have on each side, of the points' longer extent "
        "(default: %(default)s; the network sees a quarter more than a box anyway)",
    )
    parser.add_argument(
        "--channels",
        type=int,
        metavar="N",
        help="that the network takes: 1 for gray, 3 for color (default: 1 if all pictures are "
        "files of one channel)",
    )
    parser.add_argument(
        "--copy", action="store_true", help="copy the pictures into FOLDER, to send it elsewhere"
    )


def run(args: Namespace) -> None:
    """Read, check, split and write; print what was found."""
    from mmhg.labels import read_labels
    from mmhg.own_points import import_labels, report

    labels = read_labels(args.labels, args.format, args.images)
    found = import_labels(
        labels,
        args.output,
        flip_pairs=args.flip_pairs,
        val=share_or_groups(args.val),
        group=args.group,
        padding=args.padding,
        channels=args.channels,
        copy=args.copy,
    )
    text, warnings = report(found)
    print(text)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def share_or_groups(words: list[str] | None) -> float | list[str] | None:
    """Read `--val`: one number between 0 and 1 is a fraction, anything else names groups."""
    if words and len(words) == 1:
        with suppress(ValueError):
            if 0 < float(words[0]) < 1:
                return float(words[0])
    return words
