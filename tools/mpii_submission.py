"""Turn predictions on MPII's test split into the file that the evaluation server takes.

python tools/mpii_submission.py preds.pkl mpii_human_pose_v1_u12_1.mat pred_keypoints_mpii.mat
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.datasets.formats.mpii_mat import JOINTS, read_annolist, read_release
from mmhg.errors import InputError
from mmhg.evaluation.pckh import normalized_distances, score_pckh
from mmhg.results.mpii_submission import assign, scored_truth, write_submission
from mmhg.results.prediction_files import one_pixel_off, read_predictions
from mmhg_cli.bad_input import exit_on_bad_input

SERVER_NAME = "pred_keypoints_mpii.mat"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "predictions",
        metavar="PREDS",
        help="of the people of mpii_test.json, in its order: .h5 or .mat with 'preds' in 1-based "
        "pixels, or the .json or .pkl of tools/test.py --dump",
    )
    parser.add_argument("annotations", type=Path, help="MPII's .mat file with RELEASE")
    parser.add_argument("out", type=Path, help=f"the file to write; the server asks {SERVER_NAME}")
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="TRUTH.mat",
        help="an annolist of the test images with everything filled in: the submission is scored",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the submission; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        make_submission(args)


def make_submission(args: argparse.Namespace) -> None:
    """Check, write, and score what was written where the truth is at hand."""
    if args.out.suffix != ".mat":
        raise InputError(f"the output must be a .mat file, got {args.out}")
    predictions = read_predictions(args.predictions)
    print(f"reading {args.annotations} (MPII's takes about a minute)", file=sys.stderr)
    images = read_release(args.annotations, show_progress=True)
    assigned = assign(predictions.joints, images, args.predictions)
    truth = read_annolist(args.truth) if args.truth else None
    write_submission(args.out, images, assigned)
    tested = [image for image in images if not image.is_train]
    scored = sum(person.single_person for image in tested for person in image.people)
    print(f"{args.out}: {len(tested):,} images, {len(assigned):,} people, {scored:,} are scored")
    if args.out.name != SERVER_NAME:
        print(f"the server asks for the name {SERVER_NAME}", file=sys.stderr)
    if truth is None:
        return

    annotated, keys = scored_truth(images, truth, args.truth)
    written = {
        (image.index, person.person_index): person.keypoints
        for image, of_file in zip(tested, read_annolist(args.out, "pred"), strict=True)
        for person in of_file.people
    }
    joints = np.array([written[key] for key in keys])
    distances = normalized_distances(
        joints, annotated.joints, annotated.head_sizes, annotated.annotated
    )
    offsets = np.where(annotated.annotated[..., None], joints - annotated.joints, np.nan)
    if off := one_pixel_off(offsets, annotated.head_sizes):
        print(
            f"warning: {args.predictions} lies off by a median of ({off[0]:+.2f}, {off[1]:+.2f}) "
            "px: are its pixels 0-based?",
            file=sys.stderr,
        )
    print(replace(score_pckh(distances, JOINTS), testing=predictions.scales).table())


if __name__ == "__main__":
    main()
