"""Write a trained network as a folder that runs without MMPose: model, metadata, predict.py.

mmhg export hg2_lspet_128 --fuse            # with the weights that come with mmhg
mmhg export hg8_mpii_256 hg8.pth --format onnx --fuse
python hg8_onnx/predict.py photo.jpg
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import (
    add_cfg_options,
    add_half,
    add_network,
    add_output,
    find_checkpoint,
    load_config,
)

FORMATS = ("onnx", "openvino", "torchscript", "torch_export")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_network(parser)
    parser.add_argument("--format", choices=FORMATS, default="onnx", help="default: %(default)s")
    parser.add_argument(
        "--dynamic-batch", action="store_true", help="leave the number of images open (default: 1)"
    )
    parser.add_argument(
        "--fuse",
        action="store_true",
        help="fold batch norms and re-injection into convolutions: the same heatmaps, faster",
    )
    add_half(parser, "float16: half the size")
    parser.add_argument(
        "--decode",
        action="store_true",
        help="let the model also give keypoints (px of its input) and scores",
    )
    parser.add_argument(
        "--rtmlib", action="store_true", help="also write rtmlib.onnx, for rtmlib's class RTMPose"
    )
    add_output(parser, "FOLDER", "to write (default: the checkpoint's name and the format, here)")
    add_cfg_options(parser)


def run(args: Namespace) -> int:
    """Export. The exit status is 1 if the written model disagrees with the network."""
    from mmhg.export import DisagreementError, export

    checkpoint = find_checkpoint(args)
    folder = args.output or Path(f"{Path(checkpoint).stem}_{args.format}")
    try:
        agreement = export(
            load_config(args),
            checkpoint,
            folder,
            format=args.format,
            dynamic_batch=args.dynamic_batch,
            fuse=args.fuse,
            half=args.half,
            decode=args.decode,
            rtmlib=args.rtmlib,
        )
    except DisagreementError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"against PyTorch: {agreement}")
    print(f"{folder}: python {folder}/predict.py IMAGE...")
    if args.rtmlib:
        print(f"{folder}: {rtmlib_call(folder)}")
    return 0


def rtmlib_call(folder: Path) -> str:
    """Say how rtmlib loads an exported folder, and how its boxes differ."""
    from mmhg.export.predict import read_description
    from mmhg.export.rtmlib import FILE, PADDING

    description = read_description(folder)
    size, padding = tuple(description["input"]["size"]), description["crop"]["padding"]
    call = f'rtmlib.RTMPose("{folder}/{FILE}", model_input_size={size})'
    if padding != PADDING:
        call += (
            f"\nwarning: rtmlib enlarges boxes by {PADDING}, this network expects {padding:g}. "
            f"Scale them about their centers by {padding / PADDING:g} first"
        )
    return call
