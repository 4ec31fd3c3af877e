"""The steps of a GPU check, and its page. On a CPU the same steps run in miniature."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import torch
from mmengine.config import Config

from mmhg.benchmark import inference, pipeline, training
from mmhg.benchmark.measure import Comparison, Measurement
from mmhg.benchmark.report import machine as machine_of_all_parts
from mmhg.benchmark.report import table_lines
from mmhg.benchmark.steps import Report, Step
from mmhg.benchmark.timed_training import train
from mmhg.errors import InputError
from mmhg.utils.files import write_text

ROOT = Path(__file__).parents[2]

BATCHES = {2: 128, 8: 64}
"""Images in a training step, by stacks; halved until they fit into the device's memory."""

TINY: dict[str, Any] = dict(size=64, channels=16, stem_channels=(4, 8, 8))
TINY_BATCHES = {1: 2, 2: 2}
"""Those of the miniature."""


def machine() -> dict[str, str]:
    """Describe the machine: as for other benchmarks, with the GPU's memory and CUDA's versions."""
    about = machine_of_all_parts()
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        about |= {
            "GPU memory": f"{properties.total_memory / 2**30:.1f} GiB",
            "CUDA": str(torch.version.cuda),
            "cuDNN": str(torch.backends.cudnn.version()),
        }
    return about


def gpu_steps(
    trainings: Mapping[str, Config], *, minutes: float, seconds: float, miniature: bool
) -> list[Step]:
    """Return the steps, the most valuable first.

    Args:
        trainings: Configs by name, as `timed_training.prepare` leaves them.
        minutes: Time for each training.
        seconds: Time for each table.
        miniature: Use the CPU and tiny networks.
    """
    device = "cpu" if miniature else "cuda"
    tiny = TINY if miniature else {}
    measured: dict[str, Any] = dict(device=device, seconds=seconds, **tiny)
    cores = os.cpu_count() or 1
    loaders = (2,) if miniature else tuple(sorted({min(4, cores), cores}))
    drawn = dict(images=2, people=2, samples=2) if miniature else {}
    steps = [Step("tests", gpu_tests)]
    sizes = TINY_BATCHES if miniature else BATCHES
    for stacks, batch in sizes.items():
        settings = dict(measured, stacks=stacks, batch=batch)
        steps.append(Step(f"step hg{stacks}", training_table, settings))
    for stacks in sizes:
        settings = dict(measured, stacks=stacks, batches=(1, 2 if miniature else 32))
        steps.append(Step(f"inference hg{stacks}", inference_tables, settings))
    steps.append(Step("loader", loader_tables, dict(seconds=seconds, workers=loaders, **drawn)))
    steps += [
        Step(f"train {name}", train, dict(config=config, minutes=minutes))
        for name, config in trainings.items()
    ]
    if not miniature:  # on a CPU a compilation takes longer than all of the miniature
        for stacks, batch in sizes.items():
            settings = dict(measured, stacks=stacks, batch=batch, compiles=True)
            steps.append(Step(f"compiled step hg{stacks}", training_table, settings))
            settings = dict(measured, stacks=stacks, batches=(1, 32), compiles=True)
            steps.append(Step(f"compiled inference hg{stacks}", inference_tables, settings))
    return steps


def gpu_tests(folder: Path) -> dict[str, Any]:
    """Run the tests marked `gpu` with pytest, which writes `tests.xml`.

    Raises:
        InputError: There is no pytest, or mmhg has no tests beside it.
    """
    tests = ROOT / "tests/test_gpu"
    if not find_spec("pytest"):
        raise InputError("pytest is not installed: the tests marked gpu did not run")
    if not tests.is_dir():
        raise InputError(f"there is no {tests}: the tests run from a clone of the repository alone")
    file = folder.resolve() / "tests.xml"
    flags = ["-m", "gpu", "-q", "-p", "no:cacheprovider", f"--junitxml={file}"]
    command = [sys.executable, "-m", "pytest", *flags, str(tests)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    write_text(folder / "tests.txt", done.stdout + done.stderr)
    if not file.exists():
        raise InputError(f"pytest ended with status {done.returncode}: {done.stdout[-2000:]}")
    suite = ElementTree.parse(file).getroot()[0]  # noqa: S314  pytest has just written it
    counts = {key: int(suite.attrib[key]) for key in ("tests", "failures", "errors", "skipped")}
    failed = [
        str(case.attrib["name"])
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]
    return {**counts, "failed": failed}


def training_table(
    folder: Path, *, stacks: int, batch: int, compiles: bool = False, device: str, **settings: Any
) -> dict[str, Any]:
    """Time training steps, with the largest batch that fits."""
    compiled_or_eager = training.COMPILED if compiles else training.ON_CUDA

    def measure(count: int) -> list[Comparison]:
        return [training.compare_steps(compiled_or_eager, stacks, count, device=device, **settings)]

    return _tables(largest_that_fits(measure, batch))


def inference_tables(
    folder: Path,
    *,
    stacks: int,
    batches: Sequence[int],
    compiles: bool = False,
    device: str,
    **settings: Any,
) -> dict[str, Any]:
    """Time inference at each batch size, without the exported forms."""
    settings["compile_up_to"] = stacks if compiles else 0
    settings["exports"] = False
    return _tables(inference.run(stacks=(stacks,), batches=batches, devices=(device,), **settings))


def loader_tables(folder: Path, **settings: Any) -> dict[str, Any]:
    """Time the loaders."""
    return _tables(pipeline.run(**settings))


def largest_that_fits(measure: Callable[[int], list[Comparison]], batch: int) -> list[Comparison]:
    """Halve the batch until the device's memory suffices."""
    while True:
        try:
            return measure(batch)
        except torch.OutOfMemoryError:
            if batch == 1:
                raise
            batch //= 2
        gc.collect()
        torch.cuda.empty_cache()


def _tables(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    return {"tables": [comparison.to_dict() for comparison in comparisons]}


def page(report: Report) -> str:
    """Write the report in Markdown."""
    about = report["machine"]
    lines = ["# GPU check", "", "Written by `mmhg benchmark --gpu`."]
    if "CUDA" not in about:
        lines += [
            "",
            "**There is no GPU here.** These steps ran in miniature on the CPU, with tiny "
            "networks, to show that they work. The numbers say nothing about a GPU.",
        ]
    lines += ["", "| | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in about.items()]
    lines += ["", "| step | state | seconds |", "| --- | --- | ---: |"]
    lines += [
        f"| {name} | {step['state']} | {step.get('seconds', '')} |"
        for name, step in report["steps"].items()
    ]
    for name, step in report["steps"].items():
        if "error" in step:
            lines += ["", f"## {name}: failed", "", "```text", step["error"].strip(), "```"]
        if "result" in step:
            lines += ["", f"## {name}", *_result_lines(step["result"])]
    return "\n".join(lines) + "\n"


def _result_lines(result: dict[str, Any]) -> list[str]:
    """Write tables as such, and other results as a list."""
    lines = []
    for table in result.get("tables", ()):
        rows = [Measurement(**row) for row in table["rows"]]
        lines += ["", *table_lines(Comparison(**{**table, "rows": rows}))]
    facts = {**result, **result.get("scores", {})}
    listed = [
        f"- {name.replace('_', ' ')}: {f'{value:.4g}' if isinstance(value, float) else value}"
        for name, value in facts.items()
        if name not in ("tables", "scores")
    ]
    return [*lines, *([""] if listed else []), *listed]


def failures(report: Report) -> list[str]:
    """Return what did not hold: steps that failed, and tests."""
    steps = report["steps"].items()
    failed = [name for name, step in steps if step["state"] == "failed"]
    return failed + [
        f"test {test}" for _, step in steps for test in step.get("result", {}).get("failed", ())
    ]
