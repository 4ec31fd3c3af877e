"""Turn MMPose's results on COCO's test images into the file for the keypoint server.

mmhg submit coco RESULTS.keypoints.json --name ALGORITHM
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output

SPLITS = ("test-dev2017", "test-challenge2017", "val2017")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "results",
        type=Path,
        metavar="RESULTS.keypoints.json",
        help="what CocoMetric leaves with format_only=True and outfile_prefix=RESULTS",
    )
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
    add_output(parser, "FOLDER", "where the zip file goes (default: here)", default=Path())


def run(args: Namespace) -> None:
    """Check everything, then write."""
    from mmhg.results.coco_submission import (
        MOST_PEOPLE,
        check_images,
        crowded_images,
        read_image_ids,
        read_people,
        submission_name,
        write_submission,
    )

    name = submission_name(args.split, args.name)
    people = read_people(args.results)
    images = {person["image_id"] for person in people}
    empty = ""
    if args.images:
        image_ids = read_image_ids(args.images)
        check_images(people, image_ids, args.results, args.images)
        empty = f", {len(image_ids - images):,} of the split's images without people"
    path = write_submission(args.output, name, people)
    print(f"{path}: {len(people):,} people in {len(images):,} images{empty}")
    if crowded := crowded_images(people):
        print(
            f"warning: {crowded:,} images have more than {MOST_PEOPLE} people. The server scores "
            f"the {MOST_PEOPLE} of the highest score",
            file=sys.stderr,
        )
