"""Write a page about a trained network, as Markdown, from its files alone.

python tools/model_card.py configs/hg8_mpii_256.py hg8.pth work_dirs/hg8_mpii_256/results.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.results.model_card import model_card
from mmhg_cli.bad_input import exit_on_bad_input


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="file, or name of one of mmhg's configs")
    parser.add_argument("checkpoint", type=Path, help="as trained, or as published")
    parser.add_argument("results", type=Path, nargs="*", help="results.json of its evaluations")
    parser.add_argument("-o", "--out", type=Path, help="file to write (default: standard output)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the page; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        text = model_card(args.config, args.checkpoint, args.results)
        if args.out is None:
            print(text, end="")
        else:
            args.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
