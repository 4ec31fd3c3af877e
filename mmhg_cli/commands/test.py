"""Test a checkpoint, with the flags of MMPose's tools/test.py."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from mmhg_cli.mmpose_flags import add_launcher, add_show
from mmhg_cli.shared import add_cfg_options, add_network, find_checkpoint


def add_arguments(parser: ArgumentParser) -> None:
    """Declare MMPose's flags."""
    add_network(parser)
    parser.add_argument(
        "--work-dir", metavar="FOLDER", help="for logs and results (default: work_dirs/<config>)"
    )
    parser.add_argument("--out", metavar="FILE", help="write the scores (.json, .yaml, .pkl)")
    parser.add_argument(
        "--dump",
        metavar="FILE",
        help="write the predictions: .json, or MMPose's .pkl, which nothing of mmhg reads",
    )
    add_cfg_options(parser)
    add_show(parser)
    add_launcher(parser)
    parser.add_argument(
        "--badcase", action="store_true", help="collect the worst predictions (BadCaseAnalysisHook)"
    )


def run(args: Namespace) -> None:
    """Test with MMPose's own code."""
    from mmhg_cli.mmpose_tools import run_mmpose_tool

    args.checkpoint = str(find_checkpoint(args))
    run_mmpose_tool("test.py", args, "test")
