"""Show the images of a config's data pipeline, with the flags of MMPose's browse_dataset.py."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from mmhg_cli.shared import add_cfg_options, add_config


def add_arguments(parser: ArgumentParser) -> None:
    """Declare MMPose's flags."""
    add_config(parser)
    parser.add_argument("--output-dir", metavar="FOLDER", help="write the pictures there")
    parser.add_argument("--not-show", action="store_true", help="open no window")
    parser.add_argument(
        "--max-item-per-dataset",
        type=int,
        default=50,
        metavar="N",
        help="most samples (default: %(default)s)",
    )
    parser.add_argument(
        "--phase",
        choices=["train", "test", "val"],
        default="train",
        help="the dataset to show (default: %(default)s)",
    )
    parser.add_argument(
        "--show-interval",
        type=float,
        default=2,
        metavar="SECONDS",
        help="how long each is shown (default: %(default)s)",
    )
    parser.add_argument(
        "--mode",
        choices=["original", "transformed"],
        default="transformed",
        help="images from the disk, or as the network gets them (default: %(default)s)",
    )
    add_cfg_options(parser)


def run(args: Namespace) -> None:
    """Draw with MMPose's own code, which takes color of 8 bits alone."""
    from types import SimpleNamespace
    from typing import Any

    import mmcv
    import numpy as np

    from mmhg.pictures import decode_stored, displayable
    from mmhg_cli.mmpose_tools import run_mmpose_tool

    def imfrombytes(data: bytes, **settings: Any) -> np.ndarray:
        return displayable(decode_stored(data, "the image"))

    def bgr2rgb(image: np.ndarray) -> np.ndarray:
        return mmcv.bgr2rgb(displayable(image, (0, 255)))

    shown = SimpleNamespace(imfrombytes=imfrombytes, bgr2rgb=bgr2rgb)
    run_mmpose_tool("misc/browse_dataset.py", args, mmcv=shown)
