"""Turn a published checkpoint of a stacked hourglass into one of ours with its config, or back.

python tools/convert_checkpoint.py checkpoint.pt hg8.pth       # writes hg8.pth and hg8.py
python tools/convert_checkpoint.py hg8.pth back.pt --to princeton
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.checkpoints import LAYOUTS, SOURCES, read_network
from mmhg.checkpoints.structure import shown
from mmhg.errors import InputError
from mmhg.models.converted import in_words, write_ours, write_theirs
from mmhg_cli.bad_input import exit_on_bad_input


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "source",
        type=Path,
        metavar="SRC",
        help="of princeton-vl, bearpaw, anibali, the authors (.t7) or this package; nothing in it "
        "is run",
    )
    parser.add_argument(
        "out",
        type=Path,
        metavar="DST",
        help="the checkpoint to write; its config is written beside it, as .py",
    )
    parser.add_argument(
        "--from",
        dest="layout",
        choices=("auto", *SOURCES),
        default="auto",
        help="whose file it is (default: told by its content)",
    )
    parser.add_argument(
        "--to", choices=tuple(LAYOUTS), help="write the file that their code loads instead of ours"
    )
    parser.add_argument(
        "--fold",
        action="store_true",
        help="write the equivalent network that hands on features alone between its stacks",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Convert; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        convert(args)


def convert(args: argparse.Namespace) -> None:
    """Read everything, check it, then write."""
    if args.to and args.fold:
        raise InputError("--fold is for our network; it does not go with --to")
    if args.out.exists() and args.out.samefile(args.source):
        raise InputError(f"SRC and DST are the same file, {args.source}")
    network = read_network(args.source, args.layout)
    print(f"{args.source}: {network.source}, {network.structure}, input {in_words(network.mean)}")
    report("dropped", network.dropped)
    filled = dict(network.filled)
    if args.to:
        more, notes = write_theirs(network, LAYOUTS[args.to], args.out)
        report("filled in", filled | more)
        print(f"{args.out}: as {args.to}'s code saves it")
    else:
        notes = write_ours(network, args.out, fold=args.fold)
        report("filled in", filled)
        print(f"{args.out}: loads strictly into the model of {args.out.with_suffix('.py')}")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def report(what: str, reasons: Mapping[str, str]) -> None:
    """Print the names of each reason."""
    for reason in dict.fromkeys(reasons.values()):
        names = [name for name, given in reasons.items() if given == reason]
        print(f"{what}: {shown(names)} ({len(names):,}; {reason})")


if __name__ == "__main__":
    main()
