"""Turn a published checkpoint of a stacked hourglass into one of ours with its config, or back.

mmhg convert checkpoint.pt -o hg8.pth       # writes hg8.pth and hg8.py
mmhg convert hg8.pth -o back.pt --to princeton
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from mmhg_cli.shared import add_output

SOURCES = ("princeton", "bearpaw", "anibali", "torch7", "mmhg")
LAYOUTS = ("princeton", "bearpaw")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="CHECKPOINT",
        help="of princeton-vl, bearpaw, anibali, the authors (.t7) or this package; nothing in it "
        "is run",
    )
    add_output(
        parser,
        "FILE",
        "the checkpoint to write, with its config beside it as .py",
        required=True,
    )
    parser.add_argument(
        "--from",
        dest="layout",
        choices=("auto", *SOURCES),
        default="auto",
        help="the file's origin (default: found from its content)",
    )
    parser.add_argument(
        "--to", choices=LAYOUTS, help="write the file that their code loads instead of ours"
    )
    parser.add_argument(
        "--fold",
        action="store_true",
        help="write the equivalent network that passes only features between its stacks",
    )


def run(args: Namespace) -> None:
    """Read and check everything, then write."""
    from mmhg.checkpoints import LAYOUTS, read_network
    from mmhg.errors import InputError
    from mmhg.models.converted import in_words, write_ours, write_theirs

    if args.to and args.fold:
        raise InputError("--fold is for our network, and cannot be combined with --to")
    if args.output.exists() and args.output.samefile(args.source):
        raise InputError(f"CHECKPOINT and --output are the same file, {args.source}")
    network = read_network(args.source, args.layout)
    print(f"{args.source}: {network.source}, {network.structure}, input {in_words(network.mean)}")
    print_reasons("dropped", network.dropped)
    filled = dict(network.filled)
    if args.to:
        more, notes = write_theirs(network, LAYOUTS[args.to], args.output)
        print_reasons("filled in", filled | more)
        print(f"{args.output}: as {args.to}'s code saves it")
    else:
        notes = write_ours(network, args.output, fold=args.fold)
        print_reasons("filled in", filled)
        print(f"{args.output}: loads strictly into the model of {args.output.with_suffix('.py')}")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def print_reasons(what: str, reasons: Mapping[str, str]) -> None:
    """Print the tensors of each reason."""
    from mmhg.checkpoints.structure import shown

    for reason in dict.fromkeys(reasons.values()):
        names = [name for name, given in reasons.items() if given == reason]
        print(f"{what}: {shown(names)} ({len(names):,}; {reason})")
