"""Make docs/leaderboard.md from the published results and our own result files.

mmhg leaderboard
mmhg leaderboard --check
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output

DOCS = Path("docs")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if the page is outdated"
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        default=DOCS / "results",
        help="<config>.json for each measured config, the results.json that training writes "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--published",
        type=Path,
        metavar="FILE.json",
        help="published results (default: those that ship with mmhg)",
    )
    add_output(
        parser, "FILE.md", "the page (default: %(default)s)", default=DOCS / "leaderboard.md"
    )


def run(args: Namespace) -> int:
    """Write or check the page."""
    from mmhg.results.leaderboard import leaderboard, own_results
    from mmhg.results.published import PUBLISHED, read_published
    from mmhg.utils.files import write_text

    published = read_published(args.published or PUBLISHED)
    text = leaderboard(own_results(args.results), published)
    page = args.output
    if args.check:
        if page.is_file() and page.read_text(encoding="utf-8") == text:
            return 0
        print(f"{page} is out of date: run mmhg leaderboard", file=sys.stderr)
        return 1
    write_text(page, text)
    return 0
