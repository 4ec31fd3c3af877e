"""Measure speed and memory as ratios to plain implementations, all in one run.

mmhg benchmark all -o work_dirs/benchmark
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Any

from mmhg_cli.shared import add_output

PARTS = ("inference", "training", "memory", "pipeline", "metric", "decode")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("part", choices=[*PARTS, "all"], help="the part to measure")
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
    add_output(parser, "FOLDER", "write benchmarks.md, benchmarks.json and benchmarks.png there")


def run(args: Namespace) -> None:
    """Run the parts, print their tables, and write the files."""
    from mmhg.benchmark.report import draw, machine, markdown, to_dict
    from mmhg.utils.files import replacing, write_json, write_text

    limit_threads(args)
    parts: dict[str, list[Any]] = {}
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
        write_text(args.output / "benchmarks.md", page)
        write_json(args.output / "benchmarks.json", to_dict(parts, about))
        with replacing(args.output / "benchmarks.png") as partial:
            draw(parts, partial)


def in_own_process(part: str, args: Namespace) -> list[Any]:
    """Measure a part in a new process, so that no other part has an influence on it."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    asked = Namespace(**{key: value for key, value in vars(args).items() if key != "run"})
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, part, asked).result()


def measure(part: str, args: Namespace) -> list[Any]:
    """Return the tables of a part."""
    from mmhg.benchmark import (
        decode,
        inference,
        memory,
        metric,
        pipeline,
        precision,
        training,
    )

    limit_threads(args)
    if part == "inference":
        settings = dict(stacks=args.stacks, compile_up_to=args.compile_up_to, peers=args.peer)
        tables = inference.run(args.seconds, **settings)
        return tables + (precision.run(*args.trained) if args.trained else [])
    modules = dict(
        training=training, memory=memory, pipeline=pipeline, metric=metric, decode=decode
    )
    return modules[part].run(args.seconds)


def limit_threads(args: Namespace) -> None:
    """Let torch use the requested number of threads."""
    import torch

    if args.threads:
        torch.set_num_threads(args.threads)
