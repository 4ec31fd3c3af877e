"""Measure speed and memory as ratios to plain implementations, all in one run.

mmhg benchmark all -o work_dirs/benchmark
mmhg benchmark --gpu -o work_dirs/gpu --train hg2_lspet_256 hg8_lspet_256 --minutes 5

--gpu checks a GPU in steps: the tests that use one, tables of training, inference and loaders, and
trainings of some minutes. What was cut goes on with the same command. Where there is no GPU, the
same runs in miniature on the CPU.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from mmhg_cli.shared import add_cfg_options, add_output, load_config, merge_options, move_data

PARTS = ("inference", "training", "memory", "pipeline", "metric", "decode")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("part", nargs="?", choices=[*PARTS, "all"], help="the part to measure")
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
    add_output(
        parser,
        "FOLDER",
        "write benchmarks.md, benchmarks.json and benchmarks.png there; with --gpu page.md, "
        "results.json and a folder for each step (default: work_dirs/gpu)",
    )
    gpu = parser.add_argument_group("a GPU, all in one command")
    gpu.add_argument("--gpu", action="store_true", help="check a GPU instead of measuring a part")
    gpu.add_argument(
        "--train",
        nargs="+",
        default=[],
        metavar="CONFIG",
        help="train each of these in mixed precision, with one cycle of the learning rate",
    )
    gpu.add_argument(
        "--minutes",
        type=float,
        default=5.0,
        metavar="M",
        help="for each training (default: %(default)s; in miniature a hundredth)",
    )
    gpu.add_argument("--data-root", metavar="FOLDER", help="of the data (default: the configs')")
    gpu.add_argument(
        "--steps",
        nargs="+",
        metavar="WORD",
        help="only steps whose names begin or end with one of these words: tests, step, inference, "
        "loader, train, compiled, hg2, hg8",
    )
    gpu.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="of a training's loader (default: one for each CPU core)",
    )
    add_cfg_options(gpu)


def run(args: Namespace) -> int | None:
    """Run the parts, print their tables, and write the files."""
    from mmhg.errors import InputError

    if args.gpu:
        return check_gpu(args)
    if not args.part:
        raise InputError(f"give a part to measure ({', '.join(PARTS)} or all), or --gpu")
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
    return None


def check_gpu(args: Namespace) -> int:
    """Run the steps of a GPU check; return 1 if one failed."""
    import os

    import torch

    from mmhg.benchmark import gpu, steps, timed_training
    from mmhg.errors import InputError
    from mmhg.utils.files import write_text

    limit_threads(args)
    miniature = not torch.cuda.is_available()
    trainings = {}
    for name in args.train:
        config = load_config(Namespace(config=name, cfg_options=None))
        move_data(config, args.data_root)
        timed_training.prepare(
            config, workers=args.workers or os.cpu_count() or 1, miniature=miniature
        )
        merge_options(config, name, args.cfg_options)
        timed_training.check_data(name, config)
        trainings[name] = config
    wanted = gpu.gpu_steps(
        trainings,
        minutes=args.minutes / (100 if miniature else 1),
        seconds=0 if miniature else args.seconds,
        miniature=miniature,
    )
    names = [step.name for step in wanted]
    if args.steps:
        every = names
        names = [name for name in every if {*name.split()[:1], *name.split()[-1:]} & {*args.steps}]
        if not names:
            raise InputError(
                f"--steps {' '.join(args.steps)}: no step begins or ends so: {', '.join(every)}"
            )
    folder = args.output or Path("work_dirs/gpu")
    if miniature:
        print("no GPU here: in miniature on the CPU", file=sys.stderr, flush=True)
    report = steps.run_steps(
        wanted,
        folder,
        gpu.machine(),
        lambda report: write_text(folder / "page.md", gpu.page(report)),
        only=names,
    )
    print((folder / "page.md").read_text(encoding="utf-8"))
    failed = gpu.failures(report)
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    return 1 if failed else 0


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
