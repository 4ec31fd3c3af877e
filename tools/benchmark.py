#!/usr/bin/env python
"""Measure speed and memory as ratios to plain implementations, all in one run.

python tools/benchmark.py all --output work_dirs/benchmark
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from mmhg.benchmark import (
    decode,
    inference,
    memory,
    metric,
    pipeline,
    precision,
    training,
)
from mmhg.benchmark.measure import Comparison
from mmhg.benchmark.report import draw, machine, markdown, to_dict
from mmhg_cli.bad_input import exit_on_bad_input

Part = Callable[[argparse.Namespace], list[Comparison]]

PARTS: dict[str, Part] = {
    "inference": lambda args: (
        inference.run(
            args.seconds,
            stacks=args.stacks,
            compile_up_to=args.compile_up_to,
            peers=args.peer,
        )
        + (precision.run(*args.trained) if args.trained else [])
    ),
    "training": lambda args: training.run(args.seconds),
    "memory": lambda args: memory.run(args.seconds),
    "pipeline": lambda args: pipeline.run(args.seconds),
    "metric": lambda args: metric.run(args.seconds),
    "decode": lambda args: decode.run(args.seconds),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="time for each table (default: %(default)s)"
    )
    parser.add_argument(
        "--stacks",
        type=int,
        nargs="+",
        default=[2, 8],
        help="inference: sizes of network (default: 2 8)",
    )
    parser.add_argument(
        "--compile-up-to",
        type=int,
        default=2,
        metavar="STACKS",
        help="inference: torch.compile networks of up to this size; eight stacks take a minute for "
        "each table (default: %(default)s)",
    )
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="MODULE:CALLABLE",
        help="inference: time another implementation as well; CALLABLE(num_stacks) returns it",
    )
    parser.add_argument(
        "--trained",
        nargs=2,
        metavar=("CONFIG", "CHECKPOINT"),
        help="inference: also how far bfloat16 moves this network's keypoints on the config's "
        "validation people",
    )
    parser.add_argument("--threads", type=int, help="threads of torch (default: its own choice)")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="write benchmarks.md, benchmarks.json and benchmarks.png there",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Measure; bad input ends with a message and exit status 2."""
    args = parse_args(argv)
    with exit_on_bad_input():
        benchmark(args)


def in_own_process(part: str, args: argparse.Namespace) -> list[Comparison]:
    """Measure a part where no other one has left memory, threads or libraries behind."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, part, args).result()


def measure(part: str, args: argparse.Namespace) -> list[Comparison]:
    """The tables of a part."""
    if args.threads:
        torch.set_num_threads(args.threads)
    return PARTS[part](args)


def benchmark(args: argparse.Namespace) -> None:
    """Run the parts, print their tables, and write the files."""
    if args.threads:
        torch.set_num_threads(args.threads)
    parts: dict[str, list[Comparison]] = {}
    begin = time.monotonic()
    for part in PARTS if args.part == "all" else [args.part]:
        print(f"{part} ...", file=sys.stderr, flush=True)
        parts[part] = in_own_process(part, args)
        print(f"{part}: {time.monotonic() - begin:.0f} s so far", file=sys.stderr, flush=True)
    about = machine()
    page = markdown(parts, about)
    print(page)
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "benchmarks.md").write_text(page)
        numbers = json.dumps(to_dict(parts, about), indent=2)
        (args.output / "benchmarks.json").write_text(numbers + "\n")
        draw(parts, args.output / "benchmarks.png")


if __name__ == "__main__":
    main()
