"""Convert MPII annotations to MMPose's format with head boxes, one file per split.

mmhg convert-mpii mpii_human_pose_v1_u12_1.mat -o data/mpii/annotations
mmhg convert-mpii train.h5 valid.h5 test.h5 -o data/mpii/annotations
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "annotations",
        nargs="+",
        type=Path,
        metavar="ANNOTATIONS",
        help="MPII's .mat file with RELEASE; or the authors' train.h5, valid.h5, test.h5; or "
        "MMPose's mpii_train.json, mpii_val.json, mpii_trainval.json, mpii_test.json",
    )
    add_output(parser, "FOLDER", "where mpii_{train,val,trainval,test}.json go", required=True)
    parser.add_argument(
        "--val",
        type=Path,
        metavar="LIST",
        help="validation people among those of the .mat's training images: a text file of lines "
        "'IMAGE_NAME PERSON_INDEX', index from 1, or the authors' valid.h5 (default: the usual "
        "2,958 people of MPII)",
    )
    parser.add_argument(
        "--head-boxes",
        type=Path,
        metavar="mpii_gt_val.mat",
        help="head boxes of the validation people, for .h5 and .json files, which lack them",
    )


def run(args: Namespace) -> None:
    """Convert, and print a table of the splits."""
    from mmhg.datasets.mpii_converter import (
        OFFICIAL_VAL_LIST,
        read_splits,
        splits_table,
        write_splits,
    )

    if any(path.suffix == ".mat" for path in args.annotations):
        print(f"reading {args.annotations[0]} (MPII's takes about a minute)", file=sys.stderr)
    splits, left_out = read_splits(
        args.annotations, args.val or OFFICIAL_VAL_LIST, args.head_boxes, show_progress=True
    )
    write_splits(splits, args.output)
    print(splits_table(splits, left_out))
    print(f"written to {args.output}")
