"""Convert MPII annotations to MMPose's format with head boxes, one file per split.

python tools/dataset_converters/mpii.py mpii_human_pose_v1_u12_1.mat data/mpii/annotations
python tools/dataset_converters/mpii.py train.h5 valid.h5 test.h5 data/mpii/annotations
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST, splits_table, write_splits
from mmhg.datasets.mpii_sources import read_splits
from mmhg_cli.bad_input import exit_on_bad_input


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "annotations",
        nargs="+",
        type=Path,
        metavar="ANNOTATIONS",
        help="MPII's .mat file with RELEASE; or the authors' train.h5, valid.h5, test.h5; or "
        "MMPose's mpii_train.json, mpii_val.json, mpii_trainval.json, mpii_test.json",
    )
    parser.add_argument(
        "out_dir",
        type=Path,
        metavar="OUT_DIR",
        help="where mpii_{train,val,trainval,test}.json go",
    )
    parser.add_argument(
        "--val",
        type=Path,
        metavar="LIST",
        default=OFFICIAL_VAL_LIST,
        help="validation people among those of the .mat's training images: a text file of lines "
        "'IMAGE_NAME PERSON_INDEX', index from 1, or the authors' valid.h5 (default: the "
        "usual 2,958 people of MPII)",
    )
    parser.add_argument(
        "--head-boxes",
        type=Path,
        metavar="mpii_gt_val.mat",
        help="head boxes of the validation people, for .h5 and .json files, which lack them",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Convert; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        if any(path.suffix == ".mat" for path in args.annotations):
            print(f"reading {args.annotations[0]} (MPII's takes about a minute)", file=sys.stderr)
        splits, left_out = read_splits(
            args.annotations, args.val, args.head_boxes, show_progress=True
        )
        write_splits(splits, args.out_dir)
        print(splits_table(splits, left_out))
        print(f"written to {args.out_dir}")


if __name__ == "__main__":
    main()
