"""Make docs/leaderboard.md from the published results and our own result files.

python tools/leaderboard.py
python tools/leaderboard.py --check
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.errors import InputError
from mmhg.results.leaderboard import leaderboard, own_results
from mmhg.results.published import PUBLISHED, read_published
from mmhg.utils.files import write_text
from mmhg_cli.bad_input import exit_on_bad_input

DOCS = Path(__file__).resolve().parents[1] / "docs"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if the page is outdated"
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        default=DOCS / "results",
        help="<config>.json for each measured config, the results.json that training writes",
    )
    parser.add_argument(
        "--published", type=Path, metavar="FILE.json", default=PUBLISHED, help="published results"
    )
    parser.add_argument("--page", type=Path, default=DOCS / "leaderboard.md")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write or check the page; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        published = read_published(args.published)
        text = leaderboard(own_results(args.results), published)
        if not args.check:
            try:
                write_text(args.page, text)
            except OSError as error:
                raise InputError(f"cannot write {args.page}: {error}") from error
        elif not args.page.is_file() or args.page.read_text(encoding="utf-8") != text:
            print(f"{args.page} is out of date: run python tools/leaderboard.py", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
