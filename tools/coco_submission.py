"""Turn MMPose's results on COCO's test images into the file that the keypoint server takes.

python tools/coco_submission.py RESULTS.keypoints.json OUT_DIR --name ALGORITHM
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.results.coco_submission import (
    MOST_PEOPLE,
    SPLITS,
    check_images,
    crowded_images,
    read_image_ids,
    read_people,
    submission_name,
    write_submission,
)
from mmhg_cli.bad_input import exit_on_bad_input


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "results",
        type=Path,
        metavar="RESULTS.keypoints.json",
        help="what CocoMetric leaves with format_only=True and outfile_prefix=RESULTS",
    )
    parser.add_argument("out_dir", type=Path, metavar="OUT_DIR", help="where the zip file goes")
    parser.add_argument(
        "--name", required=True, metavar="ALGORITHM", help="letters, digits, '.', '+' and '-'"
    )
    parser.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="default: %(default)s")
    parser.add_argument(
        "--images",
        type=Path,
        metavar="image_info_test-dev2017.json",
        help="the split's images: results on others are refused, images without people counted",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the submission; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        make_submission(args)


def make_submission(args: argparse.Namespace) -> None:
    """Check everything, then write."""
    name = submission_name(args.split, args.name)
    people = read_people(args.results)
    images = {person["image_id"] for person in people}
    empty = ""
    if args.images:
        image_ids = read_image_ids(args.images)
        check_images(people, image_ids, args.results, args.images)
        empty = f", {len(image_ids - images):,} of the split's images without anybody"
    path = write_submission(args.out_dir, name, people)
    print(f"{path}: {len(people):,} people in {len(images):,} images{empty}")
    if crowded := crowded_images(people):
        print(
            f"warning: {crowded:,} images have more than {MOST_PEOPLE} people; the server scores "
            f"the {MOST_PEOPLE} of the highest score",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
