"""Convert MPII's official annotations to MMPose's format, split into train, val, trainval and test.

python tools/dataset_converters/mpii.py mpii_human_pose_v1_u12_1.mat data/mpii/annotations
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhg.datasets.mpii_converter import (
    OFFICIAL_VAL_LIST,
    convert,
    read_split_list,
    report,
    write_splits,
)
from mmhg.datasets.mpii_release import read_release
from mmhg.errors import InputError


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("annotations", type=Path, help="the .mat file with RELEASE")
    parser.add_argument("out_dir", type=Path, help="where mpii_{train,val,trainval,test}.json go")
    parser.add_argument(
        "--val",
        type=Path,
        metavar="LIST",
        default=OFFICIAL_VAL_LIST,
        help="text file of the validation people among those of the training images, a line "
        "'IMAGE_NAME PERSON_INDEX' each, index from 1 (default: the usual 2,958 people of MPII)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert; the exit status is 0, or 2 for input that cannot be used."""
    args = parse_args(argv)
    try:
        val_list = read_split_list(args.val)
        print(f"reading {args.annotations} (MPII's takes about a minute)", file=sys.stderr)
        images = read_release(args.annotations, show_progress=True)
        splits, left_out = convert(images, val_list, args.val)
        write_splits(splits, args.out_dir)
    except InputError as error:
        print(f"mpii.py: {error}", file=sys.stderr)
        return 2
    print(report(splits, left_out))
    print(f"written to {args.out_dir}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
