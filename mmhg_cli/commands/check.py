"""Find out why a network will not learn from a config's data, before anybody waits for it.

mmhg check data/mine/config.py
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from mmhg_cli.shared import add_cfg_options, add_config, add_output, load_config, move_data

FAILED = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    add_config(parser)
    add_output(
        parser,
        "FOLDER",
        "for the pictures and report.json, which has all examples (default: work_dirs/check/CONFIG)",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--no-overfit", action="store_true", help="leave out the last test, of eight samples"
    )
    parser.add_argument(
        "--overfit-seconds",
        type=float,
        default=120.0,
        metavar="N",
        help="the longest that it may take (default: %(default)g)",
    )
    parser.add_argument("--data-root", metavar="FOLDER", help="of the data (default: the config's)")
    add_cfg_options(parser)


def run(args: Namespace) -> int:
    """Check, print, draw; return 1 if something is certainly wrong."""
    import mmhg  # noqa: F401  registers the classes of configs
    from mmhg.data_check import check_data
    from mmhg.data_check.report import as_json, as_text
    from mmhg.data_check.sheet import draw_sheets
    from mmhg.errors import InputError
    from mmhg.utils.files import without_nan, write_json

    config = load_config(args)
    move_data(config, args.data_root)
    if not args.overfit_seconds > 0:
        raise InputError(f"--overfit-seconds must be above 0, got {args.overfit_seconds:g}")
    seconds = None if args.no_overfit else args.overfit_seconds
    with redirect_stdout(StringIO()):  # pycocotools says there what it does
        report = check_data(config, overfit_seconds=seconds)
    folder = args.output or Path("work_dirs") / "check" / report.name
    folder.mkdir(parents=True, exist_ok=True)
    content = as_json(report)
    write_json(folder / "report.json", content)
    files = draw_sheets(report, folder)
    if args.json:
        print(json.dumps(without_nan(content), indent=2))
    else:
        print(as_text(report))
        print(f"\n{folder}: report.json and {len(files)} sheets of pictures")
    return FAILED if report.certain else 0
