"""Score files of predictions, without a model.

mmhg score preds.h5 --gt mpii_gt_val.mat
mmhg score preds.json --gt data/mine/val.json --metric px,nme --normalize left_eye,right_eye
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output

SPLITS = ("train", "val", "trainval", "test")
PROTOCOLS = ("official", "hrnet", "mean@0.1 at 0.11", "macro14", "pooled16")
METRICS = ("pckh", "pck", "pcp", "oks", "px", "nme", "sdr", "calibration")
SIDES = ("observer-centric", "person-centric")
FORMATS = ("plain", "markdown", "latex", "csv")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "predictions",
        nargs="+",
        metavar="PREDS",
        help="the .json of `mmhg test --dump`, COCO's results, keypoints.json or .csv of `mmhg "
        "infer`; .h5, .mat or .npy in the order and pixels of the ground truth",
    )
    parser.add_argument(
        "--gt",
        required=True,
        help="MPII's, FLIC's, LSP's or LSPET's annotations, COCO's format, or any labels that "
        "`mmhg import` reads",
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        help="people of MPII's own .mat (default: val), of LSP or examples.mat (default: test)",
    )
    parser.add_argument(
        "--metric",
        metavar="NAMES",
        help=f"one or several of {', '.join(METRICS)}, with commas between (default: what the "
        "ground truth's field uses)",
    )
    parser.add_argument(
        "--pixel-size",
        metavar="SIZE",
        help="mm per px for px and sdr, such as 0.1; or with a unit, such as 5um",
    )
    parser.add_argument(
        "--normalize",
        metavar="LENGTH",
        help="what pck, nme and calibration divide by: box (square root of its area), longer_side, "
        "diagonal, head, torso, a number of px, or two keypoints, such as left_eye,right_eye",
    )
    parser.add_argument(
        "--threshold",
        metavar="NUMBERS",
        help="within which keypoints are right in pck and calibration, or objects no failure in "
        "nme, in lengths; for sdr several distances, such as 2,2.5,3,4 mm",
    )
    parser.add_argument(
        "--sigmas",
        metavar="FILE",
        help="for oks: labels of a second person, from which sigmas are estimated; or numbers, one "
        "per keypoint, with commas between",
    )
    parser.add_argument(
        "--only-predicted",
        action="store_true",
        help="leave out images in which no file has a prediction, which count as missed otherwise",
    )
    parser.add_argument(
        "--sides",
        choices=SIDES,
        default=SIDES[0],
        help="meaning of left and right in FLIC (default: %(default)s, as published)",
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
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="OUT.png",
        help="draw PCKh over the threshold; by other metrics, the score of each keypoint",
    )


def run(args: Namespace) -> None:
    """Score, print, and write the requested files."""
    from mmhg_cli.scoring import score_files

    score_files(args)
