"""Turn predictions on MPII's test split into the file for the evaluation server.

mmhg submit mpii preds.json mpii_human_pose_v1_u12_1.mat
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output

SERVER_NAME = "pred_keypoints_mpii.mat"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "predictions",
        metavar="PREDS",
        help="of the people of mpii_test.json, in its order: .h5 or .mat with 'preds' in 1-based "
        "pixels, or the .json of `mmhg test --dump`",
    )
    parser.add_argument(
        "annotations", type=Path, metavar="MPII.mat", help="MPII's .mat file with RELEASE"
    )
    parser.add_argument(
        "--gt",
        type=Path,
        metavar="TRUTH.mat",
        help="an annolist of the test images with everything filled in: the submission is scored",
    )
    add_output(
        parser,
        "FILE.mat",
        "to write (default: %(default)s, the name that the server asks for)",
        default=Path(SERVER_NAME),
    )


def run(args: Namespace) -> None:
    """Check, write, and score the written file if the truth is given."""
    from mmhg.datasets.formats.mpii_mat import read_annolist, read_release
    from mmhg.errors import InputError
    from mmhg.results.mpii_submission import assign, write_submission
    from mmhg.results.prediction_files import read_predictions

    if args.output.suffix != ".mat":
        raise InputError(f"the output must be a .mat file, got {args.output}")
    predictions = read_predictions(args.predictions)
    print(f"reading {args.annotations} (MPII's takes about a minute)", file=sys.stderr)
    images = read_release(args.annotations, show_progress=True)
    assigned = assign(predictions.joints, images, args.predictions)
    truth = read_annolist(args.gt) if args.gt else None
    write_submission(args.output, images, assigned)
    tested = [image for image in images if not image.is_train]
    scored = sum(bool(person.single_person) for image in tested for person in image.people)
    print(f"{args.output}: {len(tested):,} images, {len(assigned):,} people, {scored:,} are scored")
    if args.output.name != SERVER_NAME:
        print(f"the server asks for the name {SERVER_NAME}", file=sys.stderr)
    if truth is not None:
        print_scores(args, images, truth, predictions.scales)


def print_scores(args: Namespace, images: list, truth: list, scales: str) -> None:
    """Read the written file again, and score it."""
    from dataclasses import replace

    import numpy as np

    from mmhg.datasets.formats.mpii_mat import JOINTS, read_annolist
    from mmhg.evaluation.pckh import normalized_distances, score_pckh
    from mmhg.results.mpii_submission import scored_truth
    from mmhg.results.prediction_files import one_pixel_off

    annotated, keys = scored_truth(images, truth, args.gt)
    tested = [image for image in images if not image.is_train]
    written = {
        (image.index, person.person_index): person.keypoints
        for image, of_file in zip(tested, read_annolist(args.output, "pred"), strict=True)
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
    print(replace(score_pckh(distances, JOINTS), testing=scales).table())
