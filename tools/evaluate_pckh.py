"""Score files of predictions on MPII by PCKh, without a model.

python tools/evaluate_pckh.py preds.h5 --gt mpii_gt_val.mat
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.datasets.formats.mpii_mat import JOINTS
from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST, SPLITS
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
from mmhg.utils.files import write_json
from mmhg.utils.table import TableFormat
from mmhg.visualization.pckh_curves import plot_pckh_curves
from mmhg_cli.bad_input import exit_on_bad_input


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "predictions",
        nargs="+",
        metavar="PREDS",
        help=".h5 or .mat with 'preds' in 1-based pixels, or the .json or .pkl of "
        "tools/test.py --dump",
    )
    parser.add_argument(
        "--gt",
        required=True,
        help="mpii_gt_val.mat, MPII's own .mat, the authors' valid.h5, or our .json",
    )
    parser.add_argument("--split", choices=SPLITS, default="val", help="people of MPII's own .mat")
    parser.add_argument(
        "--val",
        type=Path,
        metavar="LIST",
        default=OFFICIAL_VAL_LIST,
        help="validation people of MPII's own .mat, as for tools/dataset_converters/mpii.py",
    )
    parser.add_argument(
        "--protocol",
        choices=[*PROTOCOLS, "all"],
        default="official",
        help="which PCKh (default: official); all prints one row for each",
    )
    parser.add_argument(
        "--visibility", action="store_true", help="also visible and occluded joints apart"
    )
    parser.add_argument("--compare", action="store_true", help="also published results")
    parser.add_argument("--format", choices=[*get_args(TableFormat), "json"], default="plain")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the scores to a file")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw PCKh over the threshold")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Score; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        evaluate(args)


def evaluate(args: argparse.Namespace) -> None:
    """Do everything that the command line asks for; files are written once all is known."""
    truth = read_ground_truth(args.gt, split=args.split, val_list=args.val)
    if truth.note:
        _warn(truth.note)
    _check_visibility(args, truth)
    protocols = list(PROTOCOLS.values()) if args.protocol == "all" else [PROTOCOLS[args.protocol]]
    predictions = {path: _read(path, args.gt, truth) for path in args.predictions}
    distances = {path: _distances(path, found, truth) for path, found in predictions.items()}

    rows: list[ScoreRow] = []
    report: dict[str, dict] = {}
    for path, of_file in distances.items():
        by_protocol = {
            protocol.name: replace(
                score_pckh(of_file, JOINTS, protocol), testing=predictions[path].scales
            ).report()
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
    if args.json:
        _write(args.json, lambda path: write_json(path, report))
    if args.plot:
        if args.plot.suffix.lower() not in (".png", ".pdf", ".svg"):
            raise InputError(f"--plot must end in .png, .pdf or .svg, got {args.plot}")
        curves = {
            path: group_curves(of_file, JOINTS, protocols[0]) for path, of_file in distances.items()
        }
        _write(args.plot, lambda path: plot_pckh_curves(curves, AUC_THRESHOLDS, path))
    print(text)


def _read(path: str, gt: str, truth: GroundTruth) -> Predictions:
    predictions = read_predictions(path)
    check_count(path, predictions.joints, f"the ground truth {gt}", len(truth.joints))
    return predictions


def _distances(path: str, predictions: Predictions, truth: GroundTruth) -> np.ndarray:
    joints = predictions.joints
    distances = normalized_distances(joints, truth.joints, truth.head_sizes, truth.annotated)
    annotated = np.where(truth.annotated[..., None], truth.joints, np.nan)
    if axes_swapped(joints, annotated, truth.head_sizes):
        _warn(f"{path} fits the ground truth with x and y exchanged: 'preds' are expected as x, y")
    if off := one_pixel_off(joints - annotated, truth.head_sizes):
        _warn(
            f"{path} lies off by a median of ({off[0]:+.2f}, {off[1]:+.2f}) px: are its pixels "
            "0-based? 'preds' are expected in MPII's 1-based pixels"
        )
    return distances


def _check_visibility(args: argparse.Namespace, truth: GroundTruth) -> None:
    if args.visibility and np.isnan(truth.visible).all():
        raise InputError(
            f"--visibility: {args.gt} does not say which joints are visible; MPII's own .mat, its "
            "conversion to .json and the authors' valid.h5 do"
        )


def _write(path: Path, write: Callable[[Path], object]) -> None:
    try:
        write(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error}") from error


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
