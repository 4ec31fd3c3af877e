"""Flags that MMPose's tools/train.py and tools/test.py share."""

from __future__ import annotations

from argparse import ArgumentParser


def add_show(parser: ArgumentParser) -> None:
    """Add the flags of MMPose's PoseVisualizationHook."""
    parser.add_argument("--show-dir", metavar="FOLDER", help="draw predictions into this folder")
    parser.add_argument("--show", action="store_true", help="show predictions in a window")
    parser.add_argument(
        "--interval", type=int, default=1, metavar="N", help="draw every Nth (default: %(default)s)"
    )
    parser.add_argument(
        "--wait-time",
        type=float,
        default=1,
        metavar="SECONDS",
        help="how long each is shown (default: %(default)s)",
    )


def add_launcher(parser: ArgumentParser) -> None:
    """Add the flags of several processes."""
    parser.add_argument(
        "--launcher",
        choices=["none", "pytorch", "slurm", "mpi"],
        default="none",
        help="what started the processes (default: %(default)s)",
    )
    parser.add_argument(
        "--local_rank", "--local-rank", type=int, default=0, help="set by the launcher"
    )
