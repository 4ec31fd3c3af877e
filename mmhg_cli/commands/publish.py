"""Strip a checkpoint of its optimizer and put its hash into its name, with MMPose's flags.

mmhg publish work_dirs/hg8/epoch_160.pth hg8.pth  # writes hg8-<hash>_<date>.pth
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare MMPose's flags."""
    parser.add_argument("in_file", metavar="CHECKPOINT", help="as training writes it")
    parser.add_argument("out_file", metavar="NAME.pth", help="a name other than the checkpoint's")
    parser.add_argument(
        "--save-keys",
        nargs="+",
        default=["meta", "state_dict"],
        metavar="KEY",
        help="what stays (default: meta state_dict)",
    )


def run(args: Namespace) -> None:
    """Publish with MMPose's own code."""
    import subprocess
    from types import SimpleNamespace

    from mmhg.models.loading import read_checkpoint
    from mmhg_cli.mmpose_tools import run_mmpose_tool

    read_checkpoint(args.in_file)
    # MMPose's tool starts an `mv` and does not wait for it.
    waiting = SimpleNamespace(check_output=subprocess.check_output, Popen=subprocess.run)
    run_mmpose_tool("misc/publish_model.py", args, subprocess=waiting)
