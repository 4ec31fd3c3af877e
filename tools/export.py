"""Write a trained network as a folder that runs without MMPose: model, metadata, predict.py.

python tools/export.py configs/hg8_mpii_256.py hg8.pth --format onnx --fuse
python hg8_onnx/predict.py photo.jpg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.config.library import get_config
from mmhg.export import FORMATS, DisagreementError, export
from mmhg_cli.bad_input import exit_on_bad_input

EXIT_DISAGREES = 1


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="file, or name of one of mmhg's configs")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--format", choices=tuple(FORMATS), default="onnx")
    parser.add_argument(
        "--dynamic-batch", action="store_true", help="leave the number of images open (default: 1)"
    )
    parser.add_argument(
        "--fuse",
        action="store_true",
        help="fold batch norms and re-injection into convolutions: the same heatmaps, faster",
    )
    parser.add_argument("--half", action="store_true", help="float16: half the size")
    parser.add_argument(
        "--decode",
        action="store_true",
        help="let the model also give keypoints (px of its input) and scores",
    )
    parser.add_argument(
        "-o",
        "--output-dir",
        type=Path,
        metavar="FOLDER",
        help="to write (default: the checkpoint's name and the format, here)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Export; bad input ends with a message and exit status 2, a failed check with 1."""
    args = parse_args(argv)
    folder = args.output_dir or Path(f"{args.checkpoint.stem}_{args.format}")
    with exit_on_bad_input():
        try:
            agreement = export(
                get_config(args.config),
                args.checkpoint,
                folder,
                format=args.format,
                dynamic_batch=args.dynamic_batch,
                fuse=args.fuse,
                half=args.half,
                decode=args.decode,
            )
        except DisagreementError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(EXIT_DISAGREES)
    print(f"against PyTorch: {agreement}")
    print(f"{folder}: python {folder}/predict.py IMAGE...")


if __name__ == "__main__":
    main()
