"""Score files of predictions on MPII by PCKh, without a model.

mmhg score preds.h5 --gt mpii_gt_val.mat
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output

SPLITS = ("train", "val", "trainval", "test")
PROTOCOLS = ("official", "hrnet", "mean@0.1 at 0.11", "macro14", "pooled16")
FORMATS = ("plain", "markdown", "latex", "csv")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "predictions",
        nargs="+",
        metavar="PREDS",
        help=".h5 or .mat with 'preds' in 1-based pixels, or the .json of `mmhg test --dump`",
    )
    parser.add_argument(
        "--gt",
        required=True,
        help="mpii_gt_val.mat, MPII's own .mat, the authors' valid.h5, or our .json",
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="val",
        help="people of MPII's own .mat (default: %(default)s)",
    )
    parser.add_argument(
        "--val",
        type=Path,
        metavar="LIST",
        help="validation people of MPII's own .mat, as for `mmhg convert-mpii`",
    )
    parser.add_argument(
        "--protocol",
        choices=[*PROTOCOLS, "all"],
        default="official",
        help="convention of PCKh (default: official); all prints one row for each",
    )
    parser.add_argument(
        "--visibility", action="store_true", help="also score visible and occluded joints"
    )
    parser.add_argument("--compare", action="store_true", help="also print published results")
    parser.add_argument(
        "--format",
        choices=[*FORMATS, "json"],
        default="plain",
        help="format of the output (default: %(default)s)",
    )
    add_output(parser, "FILE.json", "write the scores as JSON as well")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw PCKh over the threshold")


def run(args: Namespace) -> None:
    """Score, print, and write the requested files."""
    from mmhg_cli.scoring import score_files

    score_files(args)
