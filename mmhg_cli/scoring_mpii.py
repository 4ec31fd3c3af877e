"""Score files of predictions on MPII by PCKh, for `mmhg score`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import replace

import numpy as np

from mmhg.datasets.formats.mpii_mat import JOINTS
from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST
from mmhg.errors import InputError
from mmhg.evaluation.pckh import (
    AUC_THRESHOLDS,
    group_curves,
    normalized_distances,
    score_by_visibility,
    score_pckh,
)
from mmhg.evaluation.protocols import PROTOCOLS
from mmhg.results.ground_truth_files import GroundTruth, read_ground_truth
from mmhg.results.prediction_files import (
    Predictions,
    axes_swapped,
    check_count,
    one_pixel_off,
    read_predictions,
)
from mmhg.results.score_table import ScoreRow, published_rows, score_table
from mmhg.utils.files import replacing, write_json
from mmhg.visualization.score_curves import plot_pckh_curves


def score_mpii(args: Namespace) -> None:
    """Score and print. Files are written after everything has been scored."""
    truth = read_mpii(args)
    if truth.note:
        warn(truth.note)
    check_visibility(args, truth)
    protocols = list(PROTOCOLS.values()) if args.protocol == "all" else [PROTOCOLS[args.protocol]]
    predictions = {path: read_matching(path, args.gt, truth) for path in args.predictions}
    distances = {path: distances_of(path, found, truth) for path, found in predictions.items()}

    rows: list[ScoreRow] = []
    report: dict[str, dict] = {}
    for path, of_file in distances.items():
        by_protocol = {
            protocol.name: replace(
                score_pckh(of_file, JOINTS, protocol), testing=predictions[path].scales
            ).to_json()
            for protocol in protocols
        }
        report[path] = by_protocol if args.protocol == "all" else by_protocol[args.protocol]
        for protocol in protocols:
            scores = {"all": score_pckh(of_file, JOINTS, protocol)}
            if args.visibility:
                scores |= score_by_visibility(of_file, truth.visible, JOINTS, protocol)
            for part, of_part in scores.items():
                named = replace(of_part, testing=predictions[path].scales).named_convention
                rows.append(ScoreRow(path, named, part, of_part.summary))
    if args.compare:
        rows += (published := published_rows())
    text = json.dumps(report, indent=2) if args.format == "json" else score_table(rows, args.format)
    if args.format not in ("json", "csv"):
        for protocol in protocols:
            text += f"\n{protocol.name}: {protocol.users}"
        if args.compare:
            text += "".join(f"\n{row.name}: {row.source}" for row in published)
    if args.output:
        write_json(args.output, report)
    if args.plot:
        if args.plot.suffix.lower() not in (".png", ".pdf", ".svg"):
            raise InputError(f"--plot must end in .png, .pdf or .svg, got {args.plot}")
        curves = {
            path: group_curves(of_file, JOINTS, protocols[0]) for path, of_file in distances.items()
        }
        with replacing(args.plot) as partial:
            plot_pckh_curves(curves, AUC_THRESHOLDS, partial)
    print(text)


def read_mpii(args: Namespace) -> GroundTruth:
    """Read MPII's ground truth as the arguments say."""
    val_list = args.val or OFFICIAL_VAL_LIST
    return read_ground_truth(args.gt, split=args.split or "val", val_list=val_list)


def read_matching(path: str, gt: str, truth: GroundTruth) -> Predictions:
    """Read predictions, and check that the ground truth has as many people."""
    predictions = read_predictions(path)
    check_count(path, predictions.joints, f"the ground truth {gt}", len(truth.joints))
    return predictions


def distances_of(path: str, predictions: Predictions, truth: GroundTruth) -> np.ndarray:
    """Return distances in head sizes, and warn of probable mistakes in the file."""
    joints = predictions.joints
    distances = normalized_distances(joints, truth.joints, truth.head_sizes, truth.annotated)
    annotated = np.where(truth.annotated[..., None], truth.joints, np.nan)
    if axes_swapped(joints, annotated, truth.head_sizes):
        warn(f"{path} fits the ground truth with x and y exchanged: 'preds' are expected as x, y")
    if off := one_pixel_off(joints - annotated, truth.head_sizes):
        warn(
            f"{path} lies off by a median of ({off[0]:+.2f}, {off[1]:+.2f}) px: are its pixels "
            "0-based? 'preds' are expected in MPII's 1-based pixels"
        )
    return distances


def check_visibility(args: Namespace, truth: GroundTruth) -> None:
    """Raise InputError for `--visibility` if the ground truth has no visibility."""
    if args.visibility and np.isnan(truth.visible).all():
        raise InputError(
            f"--visibility: {args.gt} does not say which joints are visible. MPII's own .mat, its "
            "conversion to .json and the authors' valid.h5 do"
        )


def warn(text: str) -> None:
    """Print a warning."""
    print(f"warning: {text}", file=sys.stderr)
