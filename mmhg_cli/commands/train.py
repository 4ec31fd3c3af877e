"""Train a model, with the flags of MMPose's tools/train.py."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from mmhg_cli.mmpose_flags import add_launcher, add_show
from mmhg_cli.shared import add_cfg_options, add_config


def add_arguments(parser: ArgumentParser) -> None:
    """Declare MMPose's flags."""
    add_config(parser)
    parser.add_argument(
        "--work-dir", metavar="FOLDER", help="for logs and models (default: work_dirs/<config>)"
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="CHECKPOINT",
        help="continue from a checkpoint (default: the last one in the work directory)",
    )
    parser.add_argument("--amp", action="store_true", help="train with automatic mixed precision")
    parser.add_argument("--no-validate", action="store_true", help="do not evaluate while training")
    parser.add_argument(
        "--auto-scale-lr",
        action="store_true",
        help="scale the learning rate by the batch size, from the config's base batch size",
    )
    parser.add_argument(
        "--no-preflight",
        action="store_true",
        help="train at once, without checking that annotations, metrics and codec fit together",
    )
    add_show(parser)
    add_cfg_options(parser)
    add_launcher(parser)


def run(args: Namespace) -> None:
    """Train with MMPose's own code."""
    from mmhg.engine import PreflightHook
    from mmhg_cli.mmpose_tools import run_mmpose_tool

    hooks = () if args.no_preflight else (PreflightHook(),)
    run_mmpose_tool("train.py", args, "train", "val", hooks=hooks)
