"""Copy a dataset once with images no larger than training can show: the loader gets faster.

The config defines the location of the data, the augmentation and the size of the input.

mmhg shrink-dataset hg8_mpii_256 -o data/mpii_small
mmhg train hg8_mpii_256 --cfg-options train_dataloader.dataset.data_root=data/mpii_small/
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from mmhg_cli.shared import add_cfg_options, add_config, add_output, load_config, move_data


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_config(parser)
    add_output(parser, "FOLDER", "to make, in the same layout", required=True)
    parser.add_argument(
        "--splits",
        nargs="+",
        choices=("train", "val", "test"),
        default=["train"],
        help="splits to shrink (default: train; the others are copied unchanged, so that scores "
        "stay the same)",
    )
    parser.add_argument(
        "--input-size",
        type=int,
        nargs=2,
        metavar=("WIDTH", "HEIGHT"),
        help="of the network's input in px (default: the config's)",
    )
    parser.add_argument(
        "--quality", type=int, default=90, metavar="N", help="of JPEGs (default: %(default)s)"
    )
    parser.add_argument(
        "--crop",
        type=float,
        metavar="N",
        help="also cut each image to squares about its people, N times the longer side of the box: "
        "a dataset small enough to travel",
    )
    parser.add_argument(
        "--longest", type=int, metavar="PX", help="with --crop: the largest side of an image"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="images at once (default: one per CPU core)"
    )
    parser.add_argument(
        "--data-root", metavar="FOLDER", help="of the original (default: the config's)"
    )
    add_cfg_options(parser)


def run(args: Namespace) -> None:
    """Copy, and print the size of the images before and after."""
    from mmhg.datasets.shrink import shrink_dataset

    cfg = load_config(args)
    move_data(cfg, args.data_root)
    report = shrink_dataset(
        cfg,
        args.output,
        splits=args.splits,
        input_size=tuple(args.input_size) if args.input_size else None,
        quality=args.quality,
        crop=args.crop,
        longest=args.longest,
        workers=args.workers,
    )
    print(
        f"{args.output}: {report.shrunk} images shrunk, {report.copied} copied unchanged, "
        f"{report.bytes_before / 1e6:.1f} MB before, {report.bytes_after / 1e6:.1f} MB now"
    )
