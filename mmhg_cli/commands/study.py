"""Train a grid of configs, overrides and seeds, and write one table and plot.

mmhg study studies/supervision.yaml
mmhg study studies/supervision.yaml --report   # trains nothing: the table of what is finished

Started again, it goes on where it was ended. The exit status is 1 if a training is missing.
"""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("study", type=Path, metavar="STUDY.yaml", help="what to train")
    parser.add_argument(
        "--work-dir",
        type=Path,
        metavar="FOLDER",
        help="for trainings and results (default: work_dirs/<study>)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="trainings side by side (default: one per GPU, or per core)",
    )
    parser.add_argument("--report", action="store_true", help="train nothing, write the table")


def run(args: Namespace) -> int:
    """Train what is missing, and report."""
    from mmhg.errors import InputError
    from mmhg.study import collect, read_study, train_all, write_report

    if args.jobs is not None and args.jobs < 1:
        raise InputError(f"--jobs must be at least 1, got {args.jobs}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # trainings end with this process
    study = read_study(args.study)
    work_dir = args.work_dir or Path("work_dirs") / study.name
    problems = [] if args.report else train_all(study.runs, work_dir, args.jobs)
    for problem in problems:
        print(problem, file=sys.stderr)
    report = collect(study, work_dir)
    write_report(report, work_dir)
    print(report.to_table())
    for name in report.missing:
        print(f"not run: {name}")
    print(f"written to {work_dir}: table.md, study.json, study.png")
    return 1 if report.missing else 0
