"""Make of a training's checkpoint the file to hand on: without optimizer, or in half precision.

mmhg publish work_dirs/hg8/epoch_160.pth hg8.pth  # writes hg8-<hash>_<date>.pth
mmhg publish epoch_20.pth hg2_lspet_128.safetensors --results results.json

The first form is MMPose's. The second writes weights of 16 bits, and the model card as .md.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

SAFETENSORS = ".safetensors"
KEPT = ["meta", "state_dict"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare MMPose's flags, and those of the second form."""
    parser.add_argument("in_file", metavar="CHECKPOINT", help="as training writes it")
    parser.add_argument(
        "out_file", metavar="NAME", help="a name other than the checkpoint's: .pth or .safetensors"
    )
    parser.add_argument(
        "--save-keys", nargs="+", default=KEPT, metavar="KEY", help="what stays in a .pth"
    )
    parser.add_argument(
        "--config", metavar="CONFIG", help="of a .safetensors (default: of NAME's name)"
    )
    parser.add_argument(
        "--results",
        type=Path,
        nargs="+",
        default=[],
        metavar="results.json",
        help="evaluations for a .safetensors' model card",
    )


def run(args: Namespace) -> None:
    """Publish with MMPose's own code, or in half precision."""
    from mmhg.errors import InputError

    path = Path(args.out_file)
    if path.suffix != SAFETENSORS:
        if args.config or args.results:
            raise InputError(f"--config and --results are for {SAFETENSORS}, not for {path}")
        publish_with_mmpose(args)
        return
    if args.save_keys != KEPT:
        raise InputError(f"--save-keys is for .pth: {path} has the weights and what describes them")
    from mmhg.results.weights_file import publish_weights

    publish_weights(args.config or path.stem, args.in_file, path, args.results)
    print(f"{path}: {path.stat().st_size:,} bytes, with {path.with_suffix('.md').name}")


def publish_with_mmpose(args: Namespace) -> None:
    """Strip the optimizer and put the hash into the name."""
    import subprocess
    from types import SimpleNamespace

    from mmhg.models.loading import read_checkpoint
    from mmhg_cli.mmpose_tools import run_mmpose_tool

    read_checkpoint(args.in_file)
    # MMPose's tool starts an `mv` and does not wait for it.
    waiting = SimpleNamespace(check_output=subprocess.check_output, Popen=subprocess.run)
    run_mmpose_tool("misc/publish_model.py", args, subprocess=waiting)
